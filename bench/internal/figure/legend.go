package figure

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	swatch    = vg.Length(18)
	swatchGap = vg.Length(4)
	entryGap  = vg.Length(14)
)

func entryWidth(name string) vg.Length {
	return swatch + swatchGap + plain(labelSize).Width(name) + entryGap
}

// legendRows breaks the names into rows that fit.
func legendRows(names []string) [][]string {
	var rows [][]string
	used := width
	for _, name := range names {
		w := entryWidth(name)
		if used+w > width-2*margin {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], name)
		used += w
	}
	return rows
}

// drawLegend draws one row at the top of c.
func drawLegend(c draw.Canvas, names []string) {
	at := vg.Point{X: c.Min.X, Y: c.Max.Y - legendRoom/2}
	for _, name := range names {
		c.StrokeLine2(lineOf(name), at.X, at.Y, at.X+swatch, at.Y)
		write(c, vg.Point{X: at.X + swatch + swatchGap, Y: at.Y}, name, plain(labelSize))
		at.X += entryWidth(name)
	}
}

func lineOf(name string) draw.LineStyle {
	l := lookOf(name)
	return draw.LineStyle{Color: l.color, Width: l.weight, Dashes: l.dashes}
}
