package importer

import (
	"slices"

	"trawl/edge/rules/importer/internal/job"
)

func kindNamed(name string) *job.Kind {
	all := kinds()
	return all[slices.IndexFunc(all, func(k *job.Kind) bool { return k.Name == name })]
}
