package importer

func readFail2ban(j *job, in *input) {}
func readCRS(j *job, in *input)      {}
func readSnort(j *job, in *input)    {}
func readYARA(j *job, in *input)     {}
func readSigma(j *job, in *input)    {}
