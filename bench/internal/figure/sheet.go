package figure

import (
	"bytes"
	"image/color"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes, in points.
const (
	width      = vg.Length(720)
	margin     = vg.Length(12)
	titleSize  = 14
	panelSize  = 11
	labelSize  = 10
	tickSize   = 9
	titleRoom  = vg.Length(24)
	noteRoom   = vg.Length(18) // of the line below the title
	legendRoom = vg.Length(15) // of each row
	legendGap  = vg.Length(8)  // below the last
)

// A sheet is one SVG file: a title, a legend if it needs one, and what is drawn
// below.
type sheet struct {
	canvas *vgsvg.Canvas
	body   draw.Canvas // what is left
}

// newSheet begins a sheet with so much room for its panels. A note stands below the
// title, if there is one, and a legend for the names, if there are any.
func newSheet(title, note string, names []string, room vg.Length) *sheet {
	rows := legendRows(names)
	height := 2*margin + titleRoom + room
	if note != "" {
		height += noteRoom
	}
	if len(rows) > 0 {
		height += vg.Length(len(rows))*legendRoom + legendGap
	}
	c := vgsvg.New(width, height)
	s := &sheet{canvas: c, body: draw.New(c)}
	s.body.SetColor(paper)
	s.body.Fill(s.body.Path())
	s.body = draw.Crop(s.body, margin, -margin, margin, -margin)
	write(s.body, vg.Point{X: s.body.Min.X, Y: s.body.Max.Y}, title, bold(titleSize))
	s.body = draw.Crop(s.body, 0, 0, 0, -titleRoom)
	if note != "" {
		write(s.body, vg.Point{X: s.body.Min.X, Y: s.body.Max.Y}, note, style(labelSize, faint, draw.XLeft, draw.YTop))
		s.body = draw.Crop(s.body, 0, 0, 0, -noteRoom)
	}
	for _, row := range rows {
		drawLegend(s.body, row)
		s.body = draw.Crop(s.body, 0, 0, 0, -legendRoom)
	}
	if len(rows) > 0 {
		s.body = draw.Crop(s.body, 0, 0, 0, -legendGap)
	}
	return s
}

// family has fonts of the same widths for where the first is missing.
const family = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif"

// svg returns the file.
func (s *sheet) svg() ([]byte, error) {
	var b bytes.Buffer
	if _, err := s.canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte(family)), nil
}

func style(size vg.Length, c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	st := plot.New().Title.TextStyle // has the handler that measures
	st.Font.Variant = "Sans"
	st.Font.Size = size
	st.Color, st.XAlign, st.YAlign = c, x, y
	return st
}

func plain(size vg.Length) text.Style { return style(size, ink, draw.XLeft, draw.YCenter) }

func bold(size vg.Length) text.Style {
	st := style(size, ink, draw.XLeft, draw.YTop)
	st.Font.Weight = font.WeightBold
	return st
}

func write(c draw.Canvas, at vg.Point, words string, st text.Style) { c.FillText(st, at, words) }

// newPlot is an empty plot in the house's style.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle = bold(panelSize)
	p.Title.TextStyle.XAlign = draw.XCenter
	p.Title.Padding = 4
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Variant, a.Label.TextStyle.Font.Size = "Sans", labelSize
		a.Label.TextStyle.Color = ink
		a.Label.Padding = 3
		a.Tick.Label.Font.Variant, a.Tick.Label.Font.Size = "Sans", tickSize
		a.Tick.Label.Color = ink
		a.Tick.Length = 3
		a.Tick.Color, a.Color = faint, faint
		a.Width, a.Tick.Width = 0.6, 0.6
	}
	p.X.Padding, p.Y.Padding = 0, 0
	return p
}

// tiles are the places of panels in rows of so many.
func (s *sheet) tiles(panels, columns int) []draw.Canvas {
	t := draw.Tiles{Rows: (panels + columns - 1) / columns, Cols: columns, PadX: 16, PadY: 10}
	places := make([]draw.Canvas, panels)
	for i := range places {
		places[i] = t.At(s.body, i%columns, i/columns)
	}
	return places
}

// rows draws the plots in rows of so many.
func (s *sheet) rows(plots []*plot.Plot, columns int) {
	for i, place := range s.tiles(len(plots), columns) {
		plots[i].Draw(place)
	}
}
