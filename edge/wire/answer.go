package wire

import (
	"encoding/json"
	"fmt"

	"trawl/edge/zmtp"
)

// AnswerHeader is the header of an answer in full form.
type AnswerHeader struct {
	ID     string // echoed if HasID
	HasID  bool
	Worker string // who did it
	Rules  string // name@ and the first 12 hex digits of the pack's SHA-256
	TookUS int64  // matching time on the worker, in microseconds
	Error  *Error // then the header stands alone

	Escalated []Escalated // what the worker has asked others for it
}

// Escalated is what came of asking somebody with more rules about texts in which a
// worker has found something.
type Escalated struct {
	To     string `json:"to"`               // rule set
	Worker string `json:"worker,omitempty"` // who did it, or was to
	Rules  string `json:"rules,omitempty"`  // as in the header
	TookUS int64  `json:"took_us,omitempty"`
	Error  *Error `json:"error,omitempty"` // then the results are without it
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

// AppendEscalated appends a list of what came of asking others, in JSON.
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

// ParseAnswerHeader reads an answer's header frame, or a bare error answer.
// Unknown keys are passed over: a newer broker may say more.
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

// ErrorAnswer makes the one frame that answers a request with an error: the
// header of a full request (with its id) and the body of a bare one are alike.
func ErrorAnswer(h *RequestHeader, err *Error) zmtp.Message {
	a := AnswerHeader{Error: err}
	if h != nil {
		a.ID, a.HasID = h.ID, h.HasID
	}
	return zmtp.NewMessage(a.Append(nil))
}

// RulesName is how answers name a pack: name@ and 12 hex digits of its hash.
func RulesName(name, hash string) string {
	if hash == "" {
		return name // no pack: a function answers
	}
	return name + "@" + hash[:min(12, len(hash))]
}
