package broker

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The lock is taken by methods of monitor and by nobody else, so whoever reads a method of router
// knows that the lock is held.
func TestOnlyMonitorTakesTheLock(t *testing.T) {
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	locking := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ofMonitor := false
			if f.Recv != nil {
				receiver, ok := f.Recv.List[0].Type.(*ast.Ident)
				ofMonitor = ok && receiver.Name == "monitor"
			}
			var begins, ends bool
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				method, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || len(call.Args) > 1 {
					return true
				}
				switch method.Sel.Name {
				case "lock":
					begins = true
				case "unlock", "leave":
					ends = true
				}
				return true
			})
			if !begins {
				continue
			}
			locking++
			if !ofMonitor || !ends {
				t.Errorf("%s: %s takes the lock: of monitor %v, gives it back %v", files.Position(f.Pos()), f.Name.Name, ofMonitor, ends)
			}
		}
	}
	if locking < 20 {
		t.Errorf("only %d functions take the lock", locking)
	}
}
