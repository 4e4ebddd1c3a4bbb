// Package server starts the redis-server processes that contestants are measured
// on, makes them hang, end and come back, counts what they were sent, and puts
// proxies before them that add a network. Contestants that meet no proxy speak to
// the process itself, over TCP on the loopback interface.
package server
