// Package reidentify turns pseudonyms back into NHS numbers for direct care: a
// list of one practice's own registered patients, under an approval that two
// people signed who did not ask for it.
//
// Run reads top to bottom as the questions it asks: is the approval one, is it
// in force, is it signed for this act and this list, was it used before, whom
// does the practice care for, and what are their numbers in the practice's own
// records. The first no ends it; nothing but the refusal is written then.
//
// Nobody outside the practice is looked at: a pseudonym is found by computing
// those of the practice's own people, and any other is simply not among them.
// National data opt-outs and Type 1 objections do not matter here, since they
// are about uses beyond a person's own care.
package reidentify
