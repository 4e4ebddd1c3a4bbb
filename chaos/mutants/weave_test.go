package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shop is a module with a function of each kind in which a mutant may be.
var shop = map[string]string{
	"go.mod":        "module example.com/shop\n\ngo 1.26\n",
	"shop/sign.lua": "open\n",
	"shop/shop.go": `package shop

import _ "embed"

//go:embed sign.lua
var sign string

// Sign is made of a variable that is made of a file.
var Sign = "we are " + sign

const price = 2

// A Till counts.
type Till struct{ sum int }

func (t *Till) Pay(n int, _ string) bool { t.sum += n * price; return true }

func (t *Till) Empty() {
	t.sum = 0
}

func Split(n int) (half, rest int) {
	if n > 1 {
		half = n / 2
	}
	rest = n - half
	return
}

func First(all ...int) int {
loop:
	for _, n := range all {
		if n > 0 {
			return n
		}
		continue loop
	}
	return 0
}

func Try(f func()) (failed bool) {
	defer func() { failed = recover() != nil }()
	f()
	return
}

func Guard() { recover() }

func Same[T any](v T) T { return v }
`,
	"shop/shop_test.go": `package shop

import "testing"

func want[T comparable](t *testing.T, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v", what, got)
	}
}

func TestPay(t *testing.T) {
	var till Till
	want(t, "paid", till.Pay(1, ""), true)
	want(t, "sum", till.sum, 2)
}

func TestEmpty(t *testing.T) {
	till := Till{3}
	till.Empty()
	want(t, "sum", till.sum, 0)
}

func TestSplit(t *testing.T) {
	half, rest := Split(5)
	want(t, "half", half, 2)
	want(t, "rest", rest, 3)
}

func TestFirst(t *testing.T) { want(t, "first", First(-1, 0, 3, 4), 3) }
func TestTry(t *testing.T) { want(t, "failed", Try(func() { panic(1) }), true) }
func TestSign(t *testing.T) { want(t, "sign", Sign, "we are open\n") }
`,
}

// inShop are mutants of the shop, each with the test that finds it.
var inShop = []Mutant{
	{Name: "of-a-method", File: "shop/shop.go", Old: "n * price; return true", New: "n; return true", By: "shop/TestPay"},
	{Name: "of-the-same-method", File: "shop/shop.go", Old: "price; return true", New: "price; return false", By: "shop/TestPay"},
	{Name: "without-results", File: "shop/shop.go", Old: "\tt.sum = 0\n", New: "\tt.sum = 1\n", By: "shop/TestEmpty"},
	{Name: "named-results", File: "shop/shop.go", Old: "rest = n - half", New: "rest = n", By: "shop/TestSplit"},
	{Name: "with-a-label", File: "shop/shop.go", Old: "continue loop", New: "break loop", By: "shop/TestFirst"},
	{Name: "deferred-recovery", File: "shop/shop.go", Old: "failed = recover() != nil", New: "failed = recover() == nil", By: "shop/TestTry"},
	{Name: "of-a-text", File: "shop/sign.lua", Old: "open", New: "closed", By: "shop/TestSign"},
	{
		Name: "in-two-functions", File: "shop/shop.go",
		Old: "= n / 2\n\t}\n\trest = n - half\n\treturn\n}\n\nfunc First(all ...int) int {\nloop:",
		New: "= n / 3\n\t}\n\trest = n - half\n\treturn\n}\n\nfunc First(all ...int) int {\n\tall = all[:1]\nloop:",
		By:  "shop/TestFirst",
	},
}

// apart are mutants that need a build of their own.
var apart = []Mutant{
	{Name: "of-a-constant", File: "shop/shop.go", Old: "const price = 2", New: "const price = 3", By: "shop/TestPay"},
	{Name: "of-a-signature", File: "shop/shop.go", Old: "(t *Till) Empty", New: "(t Till) Empty", By: "shop/TestEmpty"},
	{Name: "recovers-itself", File: "shop/shop.go", Old: "{ recover() }", New: "{ _ = recover() }"},
	{Name: "of-any-type", File: "shop/shop.go", Old: "{ return v }", New: "{ var none T; _ = v; return none }"},
	{Name: "not-even-go", File: "shop/shop.go", Old: "{ return v }", New: "{ return return }"},
}

func schemaOf(t *testing.T, mutants []Mutant) *schema {
	t.Helper()
	s, err := newSchema(write(t, shop), mutants, nil)
	require.NoError(t, err)
	return s
}

func TestMutantsInFunctionsAndTextsShareABuild(t *testing.T) {
	s := schemaOf(t, append(inShop, apart...))
	for _, m := range inShop {
		require.Contains(t, s.numbers, m.Name)
	}
	require.Len(t, s.numbers, len(inShop))
	require.ElementsMatch(t, []string{"shop/shop.go", "shop/" + chooserFile}, sortedKeys(s.overlay()))
}

func TestTheOriginalTextStaysWhereItIs(t *testing.T) {
	woven := strings.Split(schemaOf(t, inShop[:3]).overlay()["shop/shop.go"], "\n")
	for i, line := range strings.Split(strings.TrimSuffix(shop["shop/shop.go"], "\n"), "\n") {
		if head, tail, ok := strings.Cut(line, "{"); ok {
			require.True(t, strings.HasPrefix(woven[i], head+"{"), woven[i])
			line = tail
		}
		require.True(t, strings.HasSuffix(woven[i], line), woven[i])
	}
}

func TestEachMutantIsFoundInTheBuildTheyShare(t *testing.T) {
	mutants := append(inShop, apart[:2]...)
	c := campaignIn(t, shop, Layer{Name: "shop", Packages: []string{"./shop"}, Bound: graceful})
	c.control = true
	c.tried, c.sound = func(*Trial) {}, func(*Finding) {}
	trials, tree, err := c.run(t.Context(), mutants)
	require.NoError(t, err)
	require.Equal(t, Survived, tree[0].Outcome, "with none chosen: %s", tree[0].Output)
	for _, trial := range trials {
		require.Nil(t, trial.Missed, trial.Mutant.Name)
		require.Equal(t, trial.Mutant.By, "shop/"+trial.Killer().By, trial.Mutant.Name)
	}
}

func TestATestThatIsGoneOrFindsNothingIsToldAndAllLayersAreTried(t *testing.T) {
	gone, blind := inShop[0], inShop[0]
	gone.By, blind.By = "shop/TestGone", "shop/TestEmpty"
	c := campaignIn(t, shop, Layer{Name: "shop", Packages: []string{"./shop"}, Bound: graceful})
	var out strings.Builder
	c.tried = newTable(&out, inShop, c.layers, false).row
	trials, _, err := c.run(t.Context(), []Mutant{gone, blind})
	require.NoError(t, err)
	for _, trial := range trials {
		require.Equal(t, "TestPay", trial.Killer().By)
	}
	require.Contains(t, out.String(), "(not shop/TestGone, which it names: no test ran)")
	require.Contains(t, out.String(), "(not shop/TestEmpty, which it names: survived)")
}

func TestWhatDoesNotCompileIsLeftOutOfTheSharedBuild(t *testing.T) {
	bad := Mutant{Name: "undefined-name", File: "shop/shop.go", Old: "rest = n - half", New: "rest = m", By: "shop/TestSplit"}
	c := campaignIn(t, shop, Layer{Name: "shop", Packages: []string{"./shop"}, Bound: graceful})
	c.tried = func(*Trial) {}
	trials, _, err := c.run(t.Context(), []Mutant{bad, inShop[0]})
	require.NoError(t, err)
	require.Contains(t, trials[0].Broke().Output, "undefined: m")
	require.Equal(t, "TestPay", trials[1].Killer().By)
}

func TestTheTreesMutantsShareABuildButFew(t *testing.T) {
	all := catalogue()
	s, err := newSchema(filepath.Join("..", ".."), all, nil)
	require.NoError(t, err)
	var own []string
	for i := range all {
		if s.numbers[all[i].Name] == 0 {
			own = append(own, all[i].Name)
		}
	}
	require.LessOrEqual(t, len(own), 2, own)
}

// campaignIn returns a campaign on a module of those files.
func campaignIn(t *testing.T, files map[string]string, layers ...Layer) *campaign {
	t.Helper()
	module := strings.Fields(files["go.mod"])[1]
	c := &campaign{tool: &goTool{write(t, files), module}, layers: layers, jobs: 2}
	packages := make(map[string]bool)
	for _, l := range layers {
		for _, p := range l.Packages {
			packages[p] = true
		}
	}
	var err error
	c.deps, err = c.tool.deps(t.Context(), sortedKeys(packages))
	require.NoError(t, err)
	return c
}
