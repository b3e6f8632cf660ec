package point

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// beside does n jobs that have nothing to do with each other, as many at a time as there are processors.
func beside(n int, job func(int)) {
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		done.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				job(i)
			}
		})
	}
	done.Wait()
}
