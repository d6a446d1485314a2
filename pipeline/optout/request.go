package optout

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline/disclose"
)

// Workflow is the national service's name for this exchange.
const Workflow = "SPINE_NTT_UPHOLDING"

// RequestOptions say who asks whom. Recipient and workflow have changed over
// the years, so none but the workflow has a default.
type RequestOptions struct {
	Mailbox   string // ours
	Recipient string // the national service's
	Workflow  string // "" is Workflow
	Subject   string // "" is the files' name
	LocalID   string // "" is the files' name
	Out       string // an existing or new folder
}

// Requested is a request that was made.
type Requested struct {
	Sequence int    `json:"sequence"`
	Data     string `json:"data"`    // path of the .dat file
	Control  string `json:"control"` // path of the .ctl file
	Numbers  string `json:"numbers"` // how many, protected
}

var (
	mailboxForm = pattern.New(`^[A-Z0-9]{4,20}$`)
	wordForm    = pattern.New(`^[A-Za-z0-9_-]{1,64}$`)
	subjectForm = pattern.New(`^[A-Za-z0-9_ -]{1,64}$`)
)

func (o RequestOptions) check() error {
	const hint = "letters, figures, - and _ only: other characters make the national service fall silent"
	for _, field := range []struct {
		name, value string
		form        pattern.Pattern
	}{{"--mailbox", o.Mailbox, mailboxForm}, {"--recipient", o.Recipient, mailboxForm}, {"--workflow", o.Workflow, wordForm},
		{"--subject", o.Subject, subjectForm}, {"--local-id", o.LocalID, wordForm}} {
		if !field.form.MatchString(field.value) {
			return problem.New(problem.Usage, hint, "wrong usage: %s has a character it may not have, or is missing or too long", field.name)
		}
	}
	if o.Out == "" {
		return problem.New(problem.Usage, "name a folder: --out DIR", "wrong usage: --out is missing")
	}
	return nil
}

// Request writes a data file of every usable NHS number of the region's people
// and its control file, for the organisation's own MESH client to send. The
// files are identified data: they are private, and stand only where the
// caller says. The sequence number is taken before a file appears, so that it
// can never be used twice.
func (s Store) Request(ctx context.Context, o RequestOptions) (Requested, error) {
	x, err := s.read()
	if err != nil {
		return Requested{}, err
	}
	asked := Asked{Sequence: x.Sequence + 1, Date: s.Today.Format("2006-01-02"), State: Pending}
	stem := o.Mailbox + "-" + s.Today.Format("02012006") + "-" + four(asked.Sequence)
	asked.File = stem + ".dat"
	o = o.filled(stem)
	if err := o.check(); err != nil {
		return Requested{}, err
	}
	if asked.Sequence > lastSequence {
		return Requested{}, problem.New(problem.PolicyRefuse, "ask the national service how to go on", "the sequence has reached its end, %d", lastSequence)
	}
	db, err := s.open(ctx)
	if err != nil {
		return Requested{}, err
	}
	defer db.Close()
	count, err := s.toAsk(ctx, db)
	if err != nil {
		return Requested{}, err
	}
	out, err := outFolder(o.Out, stem)
	if err != nil {
		return Requested{}, err
	}
	defer out.Tidy()
	asked.Numbers = disclose.Count(count).String()
	if err := s.remember(ctx, db, x, o.Mailbox, asked); err != nil {
		return Requested{}, err
	}
	made := Requested{Sequence: asked.Sequence, Numbers: asked.Numbers, Data: out.Path(stem + ".dat"), Control: out.Path(stem + ".ctl")}
	return made, errors.Join(writeData(ctx, db, out, stem+".dat"), out.Write(stem+".ctl", control(o, s)))
}

func (o RequestOptions) filled(stem string) RequestOptions {
	if o.Workflow == "" {
		o.Workflow = Workflow
	}
	if o.Subject == "" {
		o.Subject = stem
	}
	if o.LocalID == "" {
		o.LocalID = stem
	}
	return o
}

// toAsk makes the table asked(nhs_number), each once, and counts it.
func (s Store) toAsk(ctx context.Context, db *duck.DB) (count int64, err error) {
	if err := s.gather(ctx, db); err != nil {
		return 0, err
	}
	err = errors.Join(db.Exec(ctx, "CREATE TABLE asked AS SELECT DISTINCT nhs_number FROM said WHERE nhs_number IS NOT NULL"),
		db.Row(ctx, []any{&count}, "SELECT count(*) FROM asked"))
	if err == nil && count == 0 {
		err = problem.New(problem.Failed, "tre run REGION first", "nobody in the region has a usable NHS number")
	}
	return count, err
}

// outFolder opens the folder for the files and refuses to overwrite.
func outFolder(path, stem string) (*workspace.Folder, error) {
	out, err := workspace.Create(path)
	if err != nil {
		return nil, err
	}
	if out.Exists(stem+".dat") || out.Exists(stem+".ctl") {
		return nil, problem.New(problem.Usage, "name another folder; they were left as they are", "files of this name stand in %s already", path)
	}
	return out, nil
}

// remember keeps the numbers that were asked about, sealed, and takes the
// sequence number.
func (s Store) remember(ctx context.Context, db *duck.DB, x exchange, mailbox string, asked Asked) error {
	if err := sealed.Write(ctx, db, s.Folder, asked.kept(), "SELECT nhs_number FROM asked ORDER BY nhs_number", s.Key); err != nil {
		return err
	}
	for i := range x.Requests {
		if x.Requests[i].State == Pending {
			x.Requests[i].State = Replaced
		}
	}
	x.Mailbox, x.Sequence, x.Requests = mailbox, asked.Sequence, append(x.Requests, asked)
	return errors.Join(s.write(x), s.tidy(x))
}

// writeData writes a number and a comma a line, each line ended by a line
// feed, in ascending order: the order says nothing of anybody.
func writeData(ctx context.Context, db *duck.DB, out *workspace.Folder, name string) error {
	staged, err := out.Stage(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	err = db.Arrow(ctx, "SELECT nhs_number FROM asked ORDER BY nhs_number", func(rows array.RecordReader) error {
		for rows.Next() {
			if err := writeNumbers(staged, rows.RecordBatch().Column(0).(*array.String)); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	return staged.Commit()
}

func writeNumbers(to *workspace.Staged, numbers *array.String) error {
	text := make([]byte, 0, 12*numbers.Len())
	for i := range numbers.Len() {
		number := numbers.Value(i)
		if !checkNumber([]byte(number)) {
			return errors.New("an NHS number of the identified zone does not check out")
		}
		text = append(append(text, number...), ",\n"...)
	}
	_, err := to.Write(text)
	return err
}

// dtsControl is the control file of a MESH message.
type dtsControl struct {
	XMLName       xml.Name  `xml:"DTSControl"`
	Version       string    `xml:"Version"`
	AddressType   string    `xml:"AddressType"`
	MessageType   string    `xml:"MessageType"`
	From          string    `xml:"From_DTS"`
	To            string    `xml:"To_DTS"`
	Subject       string    `xml:"Subject"`
	LocalID       string    `xml:"LocalId"`
	WorkflowID    string    `xml:"WorkflowId"`
	Compress      string    `xml:"Compress"`
	Encrypted     string    `xml:"Encrypted"`
	IsCompressed  string    `xml:"IsCompressed"`
	AllowChunking string    `xml:"AllowChunking"`
	Status        dtsStatus `xml:"StatusRecord"`
}

type dtsStatus struct {
	DateTime    string `xml:"DateTime"`
	Event       string `xml:"Event"`
	Status      string `xml:"Status"`
	StatusCode  string `xml:"StatusCode"`
	Description string `xml:"Description"`
}

func control(o RequestOptions, s Store) []byte {
	text, err := xml.MarshalIndent(dtsControl{Version: "1.0", AddressType: "DTS", MessageType: "Data", From: o.Mailbox, To: o.Recipient,
		Subject: o.Subject, LocalID: o.LocalID, WorkflowID: o.Workflow, Compress: "Y", Encrypted: "N", IsCompressed: "N", AllowChunking: "Y",
		Status: dtsStatus{s.Today.Format("20060102150405"), "TRANSFER", "SUCCESS", "00", "Transferred to DTS client"}}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("optout: %v", err)) // only texts stand in it
	}
	return append(text, '\n')
}
