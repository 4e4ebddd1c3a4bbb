package contest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// pin binds this process to one core, and with it the servers that are started until
// undo is called. On one core nothing is handed across: what is left is the work
// itself, where on two cores wake-ups count most.
func pin() (undo func() error, err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("the cores of this process: %w", err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if before.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	procs := runtime.GOMAXPROCS(1)
	undo = func() error {
		runtime.GOMAXPROCS(procs)
		return bind(&before)
	}
	if err := bind(&one); err != nil {
		return nil, errors.Join(err, undo())
	}
	return undo, nil
}

// bind binds all threads; those to come inherit it from the one that starts them.
func bind(set *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, set); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("bind a thread to its cores: %w", err)
		}
	}
	return nil
}
