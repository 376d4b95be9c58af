// Package importertest runs imports in tests of importers.
package importertest
