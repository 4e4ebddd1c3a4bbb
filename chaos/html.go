package chaos

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"sync"
)

//go:embed report.tmpl.html
var pageTemplate string

//go:embed report.css
var pageStyle string

//go:embed report.js
var pageScript string

// parsedPage is the template. Most programs that import this package never need it.
var parsedPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Parse(pageTemplate))
})

// WriteHTML writes the report as one HTML page that needs nothing else: no network,
// no other file, and no more rights than its own style and script, which it names by
// their hashes. Text from the run, such as the texts of errors, appears as text
// whatever it is. Histories of more than 50,000 operations are drawn in part, which
// the page says. It is to be called when the run is over: it does not lock the
// history.
func (r *Report) WriteHTML(w io.Writer) error {
	t := newTimeline(r)
	// json.Marshal writes <, > and & as \u003c and so on: no text can end the element
	// that the data stands in, or begin a comment in it.
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	p := newPage(r, t)
	p.Data = template.JS(data)         // valid JSON, escaped above
	p.Style = template.CSS(pageStyle)  // a constant
	p.Script = template.JS(pageScript) // a constant
	p.Policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " +
		hashSource(pageStyle) + "; script-src " + hashSource(pageScript)
	var b bytes.Buffer
	if err := parsedPage().Execute(&b, p); err != nil {
		return err
	}
	_, err = w.Write(bytes.ToValidUTF8(b.Bytes(), []byte("\ufffd"))) // what nodes say may be any bytes
	return err
}

// hashSource names an inline element by its content, for a content security policy.
func hashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
