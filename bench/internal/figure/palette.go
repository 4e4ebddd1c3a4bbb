package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/peer"
)

// A look is how a contestant is drawn.
type look struct {
	color  color.NRGBA
	dashes []vg.Length
	weight vg.Length // of its line
	minor  bool      // left out of curves, which bear only so many lines
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var (
	ink   = rgb(0x1f2328)
	faint = rgb(0x6e7781)
	rule  = rgb(0xd8dee4)
	paper = rgb(0xffffff)
)

var (
	dashed = []vg.Length{5, 2.5}
	dotted = []vg.Length{1.5, 2}
)

// looks are told apart by hue, and by dashes where two of a kind share one. The hues
// are Okabe and Ito's, which the colour-blind tell apart too.
var looks = map[string]look{
	peer.Distlock.Name:             {rgb(0x0072b2), nil, 2.2, false},
	peer.DistlockUnfenced.Name:     {rgb(0x56b4e9), nil, 1.8, false},
	peer.Redsync.Name:              {rgb(0xd55e00), nil, 1.5, false},
	peer.RedsyncFailFast.Name:      {rgb(0xe69f00), nil, 1.5, false},
	peer.RedsyncEager.Name:         {rgb(0xa65628), dashed, 1.5, false},
	peer.Redislock.Name:            {rgb(0x009e73), nil, 1.5, false},
	peer.RedislockExponential.Name: {rgb(0x66c2a5), dashed, 1.5, false},
	peer.Rueidislock.Name:          {rgb(0xcc79a7), nil, 1.5, false},
	peer.ByHand.Name:               {rgb(0x8c959f), nil, 1.2, false},
	peer.ScriptsByHand.Name:        {rgb(0x57606a), nil, 1.2, true},
	peer.UnfencedByHand.Name:       {rgb(0x57606a), dashed, 1.2, true},
	peer.WaitAll.Name:              {rgb(0x8c959f), dotted, 1.2, true},
	peer.AutoPipelined.Name:        {rgb(0x57606a), dashed, 1.2, false},
	peer.AutoPipelinedScripts.Name: {rgb(0x24292f), dashed, 1.2, false},
	peer.Dispatched.Name:           {rgb(0x57606a), dotted, 1.2, false},
	peer.DispatchedUnfenced.Name:   {rgb(0x8c959f), dotted, 1.2, true},
	peer.Raw.Name:                  {rgb(0xafb8c1), dashed, 1.2, true},
	peer.RawScripts.Name:           {rgb(0x24292f), dotted, 1.2, false},
	peer.Queued.Name:               {rgb(0x8c959f), nil, 1.2, false},
	contest.BestOfDraws:            {rgb(0x24292f), nil, 1.2, false},
}

func lookOf(name string) look {
	if l, ok := looks[name]; ok {
		return l
	}
	return look{color: faint, weight: 1}
}
