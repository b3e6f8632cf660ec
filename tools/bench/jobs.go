//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A job is one command on one file. Its figures are compared with those of the wiretale job that does the same work.
type job struct {
	name    string
	args    []string
	env     []string // beside the environment of this process
	runs    int
	missing bool // not installed
	like    int  // index of the wiretale job, its own for those
	took    []measure
}

// Filters that both have: one on the analysis, one on headers.
const (
	flagsFilter = "tcp.analysis.flags"
	pairFilter  = "ip.addr==10.0.0.7 and tcp.port==10007"
)

// jobs are those of a kind of capture.
func (b *bench) jobs(kind, file string) []job {
	own := func(name string, env []string, like int, args ...string) job {
		return job{name: name, args: append([]string{b.wiretale}, args...), env: env, runs: b.runs, like: like}
	}
	peer := func(like int, args ...string) job {
		_, err := exec.LookPath(args[0])
		return job{name: strings.Join(args[:len(args)-1], " "), args: args, runs: b.peerRuns, like: like, missing: err != nil || b.peerRuns == 0}
	}
	if kind == "tls" || kind == "visits" {
		keys := file + ".keys"
		return []job{
			own("wiretale requests --keys", nil, 0, "requests", "-q", "--keys", keys, file),
			own("wiretale requests --keys, one processor", []string{"GOMAXPROCS=1"}, 0, "requests", "-q", "--keys", keys, file),
			own("wiretale follow --keys --as ascii", nil, 0, "follow", "-q", "--keys", keys, "--stream", "0", "--as", "ascii", file),
			own("wiretale follow --keys --as raw", nil, 0, "follow", "-q", "--keys", keys, "--stream", "0", "--as", "raw", file),
			peer(3, "tshark", "-q", "-n", "-z", "follow,tls,raw,0", "-o", "tls.keylog_file:"+keys, "-r", file),
			peer(0, "tshark", "-q", "-n", "-z", "http,tree", "-o", "tls.keylog_file:"+keys, "-r", file),
		}
	}
	if kind == "smb" {
		return []job{own("wiretale requests", nil, 0, "requests", file), peer(0, "tshark", "-q", "-z", "smb2,srt", "-n", "-r", file)}
	}
	cat := job{name: "cat", args: []string{"cat", file}, runs: b.runs}
	return []job{
		own("wiretale -q", nil, 0, "-q", file),
		own("wiretale -q, one processor", []string{"GOMAXPROCS=1"}, 0, "-q", file),
		cat,
		peer(0, "tshark", "-q", "-z", "expert", "-n", "-r", file),
		peer(0, "tcptrace", "-l", "-n", file),
		own("wiretale packets -Y "+flagsFilter, nil, 5, "packets", "-Y", flagsFilter, file),
		peer(5, "tshark", "-n", "-Y", flagsFilter, "-r", file),
		own("wiretale packets -Y '"+pairFilter+"'", nil, 7, "packets", "-Y", pairFilter, file),
		peer(7, "tshark", "-n", "-Y", pairFilter, "-r", file),
	}
}

// print writes the job's row.
func (j *job) print(packets int64, all []job) {
	if len(j.took) == 0 {
		fmt.Printf("| %s | not run | | | | |\n", j.name)
		return
	}
	m := median(j.took)
	if m.stopped {
		fmt.Printf("| %s | stopped after %.0f s | | %.0f MB | | more than %.0f x |\n", j.name, m.wall.Seconds(), m.megabytes(), ratio(m, all[j.like]))
		return
	}
	fmt.Printf("| %s | %.2f s | %.2f s | %.0f MB | %.2f M | %.2f x |\n",
		j.name, m.wall.Seconds(), m.cpu.Seconds(), m.megabytes(), float64(packets)/m.wall.Seconds()/1e6, ratio(m, all[j.like]))
}

// ratio is how many times as long it took as the median of the other job.
func ratio(m measure, other job) float64 {
	return float64(m.wall) / float64(max(median(other.took).wall, time.Microsecond))
}
