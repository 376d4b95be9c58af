package wire

// Update is what a worker serves from now on, in place of the rules of its
// hello. It goes to brokers whose welcome says that they take updates.
type Update struct {
	Rules []RuleSet `json:"rules"`
}

// FailedReload says that the rules of a rule set were to be loaded again and
// could not be: the pack in use is the one from before.
type FailedReload struct {
	Error string `json:"error"` // for people; cut to MaxReloadError bytes
	// AgeS is how many seconds ago it failed: when this was sent by a worker, or
	// when the broker made its status.
	AgeS int64 `json:"age_s"`
}

// MaxReloadError is the most bytes of a FailedReload's error.
const MaxReloadError = 2 << 10
