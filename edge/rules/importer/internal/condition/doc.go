// Package condition chooses patterns for conditions of YARA and Sigma, such as "any of them and not
// $b": rules of trawl look for patterns only.
package condition
