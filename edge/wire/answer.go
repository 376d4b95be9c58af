package wire

// Answers to clients: the header of the full form, and errors.

import (
	"encoding/json"
	"fmt"

	"trawl/edge/zmtp"
)

// AnswerHeader is the header of an answer in full form.
type AnswerHeader struct {
	ID     string // echoed if HasID
	HasID  bool
	Worker string // name of the worker
	Rules  string // name@ and the first 12 hex digits of the pack's SHA-256
	TookUS int64  // time spent matching, in microseconds
	Error  *Error // nil: success; else all fields but the id are empty

	Escalated []Escalated // sub-requests of the worker for this answer
}

// Escalated is the outcome of a worker's sub-request about texts with matches.
type Escalated struct {
	To     string `json:"to"`               // rule set
	Worker string `json:"worker,omitempty"` // who has answered, or was to answer
	Rules  string `json:"rules,omitempty"`  // as in AnswerHeader
	TookUS int64  `json:"took_us,omitempty"`
	Error  *Error `json:"error,omitempty"` // the results lack the matches of this worker
}

// Append appends h as a JSON object.
func (h *AnswerHeader) Append(dst []byte) []byte {
	o := BeginObject(dst)
	if h.HasID {
		o.String("id", h.ID)
	}
	if h.Error != nil {
		o.error(h.Error)
		return o.End()
	}
	if h.Worker != "" {
		o.String("worker", h.Worker)
	}
	if h.Rules != "" {
		o.String("rules", h.Rules)
		o.Int("took_us", h.TookUS)
	}
	if len(h.Escalated) > 0 {
		o.Key("escalated")
		o.Dst = AppendEscalated(o.Dst, h.Escalated)
	}
	return o.End()
}

// AppendEscalated appends list in JSON.
func AppendEscalated(dst []byte, list []Escalated) []byte {
	dst = append(dst, '[')
	for i := range list {
		e := &list[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		o := BeginObject(dst)
		o.String("to", e.To)
		if e.Worker != "" {
			o.String("worker", e.Worker)
		}
		switch {
		case e.Error != nil:
			o.error(e.Error)
		case e.Rules != "":
			o.String("rules", e.Rules)
			o.Int("took_us", e.TookUS)
		}
		dst = o.End()
	}
	return append(dst, ']')
}

func (o *Object) error(e *Error) {
	o.Key("error")
	in := BeginObject(o.Dst)
	in.String("code", string(e.Code))
	in.String("message", e.Message)
	o.Dst = in.End()
}

// ParseAnswerHeader decodes the header frame of an answer, or an error answer in bare form. Unknown
// keys are ignored: a newer broker may say more.
func ParseAnswerHeader(frame []byte) (AnswerHeader, error) {
	var raw struct {
		ID     *string `json:"id"`
		Worker string  `json:"worker"`
		Rules  string  `json:"rules"`
		TookUS int64   `json:"took_us"`
		Error  *Error  `json:"error"`

		Escalated []Escalated `json:"escalated"`
	}
	if err := json.Unmarshal(frame, &raw); err != nil {
		return AnswerHeader{}, fmt.Errorf("wire: not an answer header: %w", err)
	}
	h := AnswerHeader{Worker: raw.Worker, Rules: raw.Rules, TookUS: raw.TookUS, Error: raw.Error, Escalated: raw.Escalated}
	if raw.ID != nil {
		h.ID, h.HasID = *raw.ID, true
	}
	return h, nil
}

// ErrorAnswer returns the answer to a failed request: one frame, which is a header with the id in
// full form, and the body in bare form. h is the header of the request; nil: bare form.
func ErrorAnswer(h *RequestHeader, err *Error) zmtp.Message {
	a := AnswerHeader{Error: err}
	if h != nil {
		a.ID, a.HasID = h.ID, h.HasID
	}
	return zmtp.NewMessage(a.Append(nil))
}

// RulesName returns the name of a pack in answers: name@ and 12 hex digits of the hash. A rule set
// without a pack (a function answers) has the name alone.
func RulesName(name, hash string) string {
	if hash == "" {
		return name
	}
	return name + "@" + hash[:min(12, len(hash))]
}
