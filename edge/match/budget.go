package match

// How much work a regex may be on one text. Looking for one match is linear in
// the text, but looking for all is not: a.*z|a over a text of a reads all the
// rest of it for each match. So the steps are counted, and past a bound the
// rule is given up for this text and named in Result.Incomplete.

// Steps allowed for a text: a byte read by a DFA is one.
const (
	stepsPerByte = 32
	stepsAtLeast = 64 << 10
	visitsAStep  = 16 // instructions looked at when a transition is built
)

// AllowedSteps is how many steps a regex may take on a text of so many bytes.
func AllowedSteps(length int) int64 { return stepsPerByte*int64(length) + stepsAtLeast }

// allow gives the rule that comes next its steps for a text.
func (r *dfaRunner) allow(text []byte) { r.steps = AllowedSteps(len(text)) }

// pay takes off what building a transition cost.
func (r *dfaRunner) pay(visits int) { r.steps -= int64(visits / visitsAStep) }

// stretch is how many of n bytes can be read until spend has to be asked.
func (r *dfaRunner) stretch(n int) int {
	return int(max(min(int64(n), pollEvery, r.steps), 0))
}

// spend notes that m read n bytes.
func (r *dfaRunner) spend(m *machine, n int) {
	r.steps -= int64(n)
	r.read += int64(n)
	r.stopped = r.spent(n)
	m.debt = max(0, m.debt-slowCredit*n)
	if m.slow > 0 {
		if m.slow = max(0, m.slow-n); m.slow == 0 {
			m.debt = min(m.debt, r.maxDebt/2)
		}
	}
}

// over says whether the machine has to stop where it is.
func (r *dfaRunner) over() bool { return r.steps <= 0 || r.stopped }
