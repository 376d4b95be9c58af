// Command gopeer is edge/match or package regexp as one of the matchers that are
// compared; see build/bench/regex/PROTOCOL.md.
//
//	gopeer trawl|trawl-positions|regexp RULES
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// matcher finds rules in the lines of a text. It calls found, if that is not nil,
// for each line with a match, and returns how many matches there are.
type matcher interface {
	scan(text []byte, found func(line int, matches []hit)) int
}

// hit is a rule that matches, with the place in the line if the matcher knows it.
type hit struct{ rule, start, end uint32 }

var kinds = map[string]func(rules []string) (m matcher, version string, err error){
	"trawl":           newTrawlRules,
	"trawl-positions": newTrawlPositions,
	"regexp":          newRegexp,
}

func main() {
	if len(os.Args) != 3 || kinds[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: gopeer trawl|trawl-positions|regexp RULES")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gopeer:", err)
		os.Exit(1)
	}
}

func run(kind, path string) error {
	list, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin := cpu()
	m, version, err := kinds[kind](strings.Split(strings.TrimSuffix(string(list), "\n"), "\n"))
	if err != nil {
		return err
	}
	return serve(m, version, cpu()-begin)
}

// serve answers questions until standard input ends.
func serve(m matcher, version string, build float64) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"version": version, "build_s": build}); err != nil {
		return err
	}
	texts := map[string][]byte{}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		f := strings.Fields(in.Text())
		if len(f) != 3 {
			return fmt.Errorf("unknown question %q", in.Text())
		}
		if texts[f[1]] == nil {
			text, err := os.ReadFile(f[1])
			if err != nil {
				return err
			}
			texts[f[1]] = text
		}
		answer, err := ask(m, f[0], texts[f[1]], f[2])
		if err != nil {
			return err
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func ask(m matcher, question string, text []byte, argument string) (any, error) {
	switch question {
	case "scan":
		seconds, err := strconv.ParseFloat(argument, 64)
		if err != nil {
			return nil, err
		}
		begin, passes, hits := cpu(), 0, 0
		for {
			hits += m.scan(text, nil)
			passes++
			if took := cpu() - begin; took >= seconds {
				return map[string]any{"cpu_s": took / float64(passes), "hits": hits / passes}, nil
			}
		}
	case "hits", "places":
		var data []byte
		n := m.scan(text, func(line int, matches []hit) {
			for _, h := range matches {
				data = binary.LittleEndian.AppendUint32(data, uint32(line))
				data = binary.LittleEndian.AppendUint32(data, h.rule)
				if question == "places" {
					data = binary.LittleEndian.AppendUint32(data, h.start)
					data = binary.LittleEndian.AppendUint32(data, h.end)
				}
			}
		})
		return map[string]any{"hits": n}, os.WriteFile(argument, data, 0o644)
	}
	return nil, fmt.Errorf("unknown question %q", question)
}

// cpu is the CPU time of this process in seconds.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
