// Package identity knows the people who decide: who they are, which keys are
// theirs, and whether a signature is theirs.
//
// A decision is a file that a person signs with an SSH key in the format of
// OpenSSH's ssh-keygen -Y sign (SSHSIG), in a namespace of its own for each act:
// a signature made to review a release says nothing when shown as an approval of
// a project. Keys stand in an OpenSSH allowed_signers file, so that an auditor
// can check every decision with ssh-keygen -Y verify and none of our code; names,
// roles and the end of an appointment stand in people.yaml.
//
// No error shows a signature or a key.
package identity

// Act is what a signature is given for: the namespace of the signature. Each
// act has its own, written as a word, "@" and the program.
type Act string

// The acts people sign.
const (
	ApproveProject Act = "approve-project@tre" // a project's approval file
	AcceptContract Act = "accept-contract@tre" // a new version of a data contract
	Reidentify     Act = "reidentify@tre"      // pseudonyms of one practice back to NHS numbers, for direct care
	RotateKey      Act = "rotate-key@tre"      // a rotation of the region's or a project's key
	ReviewRelease  Act = "review-release@tre"  // one reviewer's decision on a release request
	Release        Act = "release@tre"         // the publication of an approved release
)
