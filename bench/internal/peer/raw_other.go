//go:build !unix

package peer

import "errors"

// There is no poll here: the raw floors say so, and are left out of the report.

type rawNode struct{ addr string }

func (n *rawNode) close() {}

type poller struct{}

func (p *poller) ask([]*rawNode, []byte, int) error {
	return errors.New("raw: needs poll(2)")
}
