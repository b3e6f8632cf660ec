//go:build ignore

/* Socket calls and events of the TCP/IP stack, on tracepoints alone. `make bpf` compiles it; the objects are committed. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Numbers of package event. */
enum { CALL = 1, STATE, RETRANSMIT, SEND_RESET, RECEIVE_RESET, CONGESTION, SOCKET_ERROR, DROP, EXEC, FORK, EXIT };
enum { WHOLE = 0, ENTER, LEAVE };
enum { SOCKET = 1, BIND, LISTEN, ACCEPT, ACCEPT4, CONNECT, SENDTO, SENDMSG, SENDMMSG, RECVFROM, RECVMSG, RECVMMSG, READ, WRITE, READV, WRITEV, SHUTDOWN, CLOSE };

#define bpf_ntohs_(x) __builtin_bswap16(x)
#define INET 2
#define INET6 10
#define ARG(r, n) ((__u64)BPF_CORE_READ(r, ARG##n))

struct endpoint {
	__u8 ip[16]; /* of IPv4 the first four */
	__u16 family;
	__u16 port; /* in the order of the host */
};

struct event {
	__u64 time; /* CLOCK_MONOTONIC, when it happened; of an exit when it ended */
	__u64 enter;
	__u64 sock;
	__u64 other; /* accepted socket, or location */
	__u64 cookie;
	__s64 length;
	__s64 result;
	__u32 pid;
	__u32 tid;
	__s32 fd;
	__s32 arg;
	__u32 netns;
	__u16 cpu;
	__u16 family;
	__u8 kind;
	__u8 phase;
	__u8 call;
	__u8 old;
	__u8 new;
	__u8 type;
	__u8 protocol;
	__u8 flags;
	__u32 ssthresh;
	__u32 srtt;
	struct endpoint local;
	struct endpoint remote;
	struct endpoint address;
	char comm[16];
	__u32 pad;
};

const struct event *unused __attribute__((unused)); /* so that its layout is in the object */

struct call {
	__u64 enter;
	__u64 sock;
	__s64 length;
	__u64 address; /* in user space, where the kernel writes one */
	__u64 socklen;
	__s32 fd;
	__s32 arg;
	__u16 family;
	__u8 type;
	__u8 protocol;
	__u8 call; /* 0: none in flight */
	__u8 entered; /* an event was written when it began */
	__u16 pad;
	struct endpoint at;
};

const volatile __u8 calls[512]; /* numbers of system calls to those above */
const volatile bool follow; /* only the calls of processes in pids */
const volatile __u32 self; /* the recorder */
const volatile __u32 netns; /* only sockets and packets of this namespace; 0 for all */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} flight SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

static __always_inline struct event *reserve(void)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(struct event), 0);
	if (!e) {
		__u32 zero = 0;
		__u64 *n = bpf_map_lookup_elem(&lost, &zero);
		if (n)
			(*n)++;
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->cpu = bpf_get_smp_processor_id();
	e->fd = -1;
	e->length = -1;
	return e;
}

static __always_inline void ends(struct event *e, struct sock *sk)
{
	struct sock_common *c = &sk->__sk_common;
	e->sock = (__u64)sk;
	e->family = BPF_CORE_READ(c, skc_family);
	e->local.family = e->remote.family = e->family;
	e->local.port = BPF_CORE_READ(c, skc_num);
	e->remote.port = bpf_ntohs_(BPF_CORE_READ(c, skc_dport));
	if (e->family == INET) {
		__be32 a = BPF_CORE_READ(c, skc_rcv_saddr), b = BPF_CORE_READ(c, skc_daddr);
		__builtin_memcpy(e->local.ip, &a, 4);
		__builtin_memcpy(e->remote.ip, &b, 4);
	} else {
		BPF_CORE_READ_INTO(&e->local.ip, c, skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&e->remote.ip, c, skc_v6_daddr.in6_u.u6_addr8);
	}
	e->cookie = BPF_CORE_READ(c, skc_cookie.counter);
	e->netns = BPF_CORE_READ(c, skc_net.net, ns.inum);
	e->type = BPF_CORE_READ(sk, sk_type);
	e->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (!e->local.port) { /* of a closed one the port is gone from there */
		__be16 p = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
		e->local.port = bpf_ntohs_(p);
	}
}

static __always_inline bool here(struct sock *sk)
{
	return !netns || BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) == netns;
}

/* The socket of a descriptor of the running task; 0 when it is none of the Internet. */
static __always_inline struct sock *sock_of(__s32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *t = BPF_CORE_READ(task, files, fdt);
	struct file **list, *f = 0;
	struct sock *sk;
	__u16 family;

	if (!t || (__u32)fd >= BPF_CORE_READ(t, max_fds))
		return 0;
	list = BPF_CORE_READ(t, fd);
	if (bpf_probe_read_kernel(&f, sizeof(f), list + (__u32)fd) || !f)
		return 0;
	if ((BPF_CORE_READ(f, f_inode, i_mode) & 0170000) != 0140000)
		return 0;
	struct socket *s = BPF_CORE_READ(f, private_data);
	sk = BPF_CORE_READ(s, sk);
	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	return (family == INET || family == INET6) && here(sk) ? sk : 0;
}

static __always_inline void user_address(struct endpoint *to, __u64 at, __u32 len)
{
	struct { __u16 family; __be16 port; __u8 rest[24]; } a = {};
	if (!at || len < 16)
		return;
	if (bpf_probe_read_user(&a, 16, (void *)at))
		return;
	if (a.family == INET) {
		__builtin_memcpy(to->ip, a.rest, 4);
	} else if (a.family == INET6 && len >= 24) {
		if (bpf_probe_read_user(to->ip, 16, (void *)(at + 8)))
			return;
	} else {
		return;
	}
	to->family = a.family;
	to->port = bpf_ntohs_(a.port);
}

static __always_inline __s64 vector(__u64 at, __u64 n)
{
	struct user_iovec v;
	__s64 sum = 0;
	if (n > 8)
		return -1;
#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (i >= n)
			break;
		if (bpf_probe_read_user(&v, sizeof(v), (void *)(at + i * sizeof(v))))
			return -1;
		sum += v.len;
	}
	return sum;
}

static __always_inline void who(struct event *e)
{
	__u64 id = bpf_get_current_pid_tgid();
	e->pid = id >> 32;
	e->tid = id;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

static __always_inline void describe(struct event *e, struct call *c)
{
	e->kind = CALL;
	e->call = c->call;
	e->fd = c->fd;
	e->arg = c->arg;
	e->length = c->length;
	e->enter = c->enter;
	who(e);
	if (c->sock) {
		ends(e, (struct sock *)c->sock);
	} else {
		e->family = c->family;
		e->type = c->type;
		e->protocol = c->protocol;
	}
	e->address = c->at;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task;
	struct call *c;
	__u64 ids;
	__u32 pid;
	__u8 n;
	bool waits = true;

	if (id < 0 || id >= 512)
		return 0;
	n = calls[id & 511];
	if (!n)
		return 0;
	ids = bpf_get_current_pid_tgid();
	pid = ids >> 32;
	if (pid == self || (follow && !bpf_map_lookup_elem(&pids, &pid)))
		return 0;
	__u64 a1 = ARG(regs, 1), a2 = ARG(regs, 2), a3 = ARG(regs, 3);
	struct sock *sk = 0;
	if (n == SOCKET) {
		if (a1 != INET && a1 != INET6)
			return 0;
	} else {
		sk = sock_of(a1);
		if (!sk)
			return 0;
	}
	task = bpf_get_current_task_btf();
	c = bpf_task_storage_get(&flight, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c)
		return 0;
	c->sock = (__u64)sk;
	c->call = n;
	c->fd = n == SOCKET ? -1 : (__s32)a1;
	c->length = -1;
	c->arg = 0;
	c->address = c->socklen = 0;
	c->entered = 0;
	c->at.family = 0;
	c->enter = bpf_ktime_get_ns();
	switch (n) {
	case SOCKET:
		c->family = a1;
		c->type = a2 & 0xf;
		c->protocol = a3;
		break;
	case BIND:
	case CONNECT:
		user_address(&c->at, a2, a3);
		break;
	case LISTEN:
	case SHUTDOWN:
		c->arg = a2;
		break;
	case SENDTO:
		c->length = a3;
		user_address(&c->at, ARG(regs, 5), ARG(regs, 6));
		waits = false;
		break;
	case RECVFROM:
		c->length = a3;
		c->address = ARG(regs, 5);
		break;
	case SENDMSG:
	case RECVMSG: {
		struct user_msghdr m = {};
		if (bpf_probe_read_user(&m, sizeof(m), (void *)a2) == 0) {
			c->length = vector(m.iov, m.iovlen);
			if (n == SENDMSG)
				user_address(&c->at, m.name, m.namelen);
			else
				c->address = m.name;
		}
		break;
	}
	case READ:
	case WRITE:
		c->length = a3;
		break;
	case READV:
	case WRITEV:
		c->length = vector(a2, a3);
		break;
	}
	if (n == SENDMSG || n == SENDMMSG || n == WRITE || n == WRITEV)
		waits = false;
	else if ((n >= RECVFROM && n <= RECVMMSG) || n == READ || n == READV)
		waits = BPF_CORE_READ(sk, sk_receive_queue.qlen) == 0;
	if (!waits)
		return 0;
	c->entered = 1;
	struct event *e = reserve();
	if (!e)
		return 0;
	describe(e, c);
	e->phase = ENTER;
	e->time = c->enter;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct call *c = bpf_task_storage_get(&flight, bpf_get_current_task_btf(), 0, 0);
	struct event *e;
	__u8 n;

	if (!c || !c->call)
		return 0;
	n = c->call;
	if (c->sock && n == CLOSE) { /* it may be gone */
		e = reserve();
		if (e) {
			__u64 sk = c->sock;
			c->sock = 0;
			describe(e, c);
			e->sock = sk;
		}
	} else {
		if (n == SOCKET && result >= 0)
			c->sock = (__u64)sock_of(result);
		else if (n == SOCKET)
			c->sock = 0;
		if (c->address && result >= 0 && !c->at.family)
			user_address(&c->at, c->address, 28);
		e = reserve();
		if (e)
			describe(e, c);
	}
	c->call = 0;
	if (!e)
		return 0;
	if ((n == ACCEPT || n == ACCEPT4) && result >= 0) {
		struct sock *sk = sock_of(result);
		e->other = (__u64)sk;
		if (sk) {
			struct sock_common *k = &sk->__sk_common;
			e->address.family = BPF_CORE_READ(k, skc_family);
			e->address.port = bpf_ntohs_(BPF_CORE_READ(k, skc_dport));
			if (e->address.family == INET) {
				__be32 a = BPF_CORE_READ(k, skc_daddr);
				__builtin_memcpy(e->address.ip, &a, 4);
			} else {
				BPF_CORE_READ_INTO(&e->address.ip, k, skc_v6_daddr.in6_u.u6_addr8);
			}
		}
	}
	e->phase = c->entered ? LEAVE : WHOLE;
	e->result = result;
	e->time = bpf_ktime_get_ns();
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline struct event *stack(__u8 kind, struct sock *sk)
{
	struct event *e;
	if (sk && !here(sk))
		return 0;
	e = reserve();
	if (!e)
		return 0;
	e->kind = kind;
	e->time = bpf_ktime_get_ns();
	if (sk) {
		ends(e, sk);
		e->old = e->new = BPF_CORE_READ(sk, __sk_common.skc_state);
	}
	return e;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int from, int to)
{
	if (BPF_CORE_READ(sk, sk_protocol) != 6)
		return 0;
	struct event *e = stack(STATE, sk);
	if (!e)
		return 0;
	e->old = from;
	e->new = to;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk)
{
	struct event *e = stack(RETRANSMIT, sk);
	if (e)
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

/* tuple reads endpoints, protocol and flags of a packet from its headers. */
static __always_inline void tuple(struct event *e, struct sk_buff *skb, bool back)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	__u16 at = BPF_CORE_READ(skb, network_header);
	struct endpoint *from = back ? &e->remote : &e->local, *to = back ? &e->local : &e->remote;
	__u8 h[40], t[14] = {}, size;

	if (!head || at == 0xffff || bpf_probe_read_kernel(h, 20, head + at))
		return;
	if (h[0] >> 4 == 4) {
		from->family = to->family = INET;
		__builtin_memcpy(from->ip, h + 12, 4);
		__builtin_memcpy(to->ip, h + 16, 4);
		e->protocol = h[9];
		e->length = h[2] << 8 | h[3];
		size = (h[0] & 15) * 4;
	} else if (h[0] >> 4 == 6 && !bpf_probe_read_kernel(h + 20, 20, head + at + 20)) {
		from->family = to->family = INET6;
		__builtin_memcpy(from->ip, h + 8, 16);
		__builtin_memcpy(to->ip, h + 24, 16);
		e->protocol = h[6];
		e->length = 40 + (h[4] << 8 | h[5]);
		size = 40;
	} else {
		return;
	}
	e->family = from->family;
	if ((e->protocol != 6 && e->protocol != 17) || bpf_probe_read_kernel(t, e->protocol == 6 ? 14 : 4, head + at + size))
		return;
	from->port = t[0] << 8 | t[1];
	to->port = t[2] << 8 | t[3];
	e->flags = t[13];
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(send_reset, struct sock *sk, struct sk_buff *skb, __u32 reason)
{
	if (!sk && skb && netns) {
		struct net_device *dev = BPF_CORE_READ(skb, dev);
		if (!dev || BPF_CORE_READ(dev, nd_net.net, ns.inum) != netns)
			return 0;
	}
	struct event *e = stack(SEND_RESET, sk);
	if (!e)
		return 0;
	e->arg = reason;
	if (skb && (!sk || !e->remote.port))
		tuple(e, skb, true);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(receive_reset, struct sock *sk)
{
	struct event *e = stack(RECEIVE_RESET, sk);
	if (e)
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/tcp_cong_state_set")
int BPF_PROG(congestion, struct sock *sk, __u8 to)
{
	struct event *e = stack(CONGESTION, sk);
	if (!e)
		return 0;
	e->new = to;
	e->arg = BPF_CORE_READ((struct tcp_sock *)sk, snd_cwnd);
	e->ssthresh = BPF_CORE_READ((struct tcp_sock *)sk, snd_ssthresh);
	e->srtt = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(error, struct sock *sk)
{
	struct event *e = stack(SOCKET_ERROR, sk);
	if (!e)
		return 0;
	e->arg = BPF_CORE_READ(sk, sk_err);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop, struct sk_buff *skb, void *location, __u32 reason)
{
	__be16 p = BPF_CORE_READ(skb, protocol);
	if (reason < 3 || (p != 0x0008 && p != 0xdd86)) /* freed without fault or for no reason that is told; neither IPv4 nor IPv6 */
		return 0;
	__u32 in = 0;
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct sock *sk = BPF_CORE_READ(skb, sk);
	if (dev)
		in = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	else if (sk)
		in = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (netns && in != netns)
		return 0;
	struct event *e = stack(DROP, 0);
	if (!e)
		return 0;
	e->arg = reason;
	e->other = (__u64)location;
	e->netns = in;
	tuple(e, skb, false);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void process(__u8 kind, struct task_struct *task, __u32 parent)
{
	struct event *e = stack(kind, 0);
	if (!e)
		return;
	e->pid = BPF_CORE_READ(task, tgid);
	e->tid = BPF_CORE_READ(task, pid);
	e->arg = parent;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	__u8 one = 1;
	if (from == to || !follow || !bpf_map_lookup_elem(&pids, &from)) /* a thread is no process */
		return 0;
	bpf_map_update_elem(&pids, &to, &one, BPF_ANY);
	process(FORK, child, from);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	if (follow && bpf_map_lookup_elem(&pids, &pid))
		process(EXEC, task, BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(end, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	if (BPF_CORE_READ(task, pid) != pid)
		return 0;
	if (follow && !bpf_map_lookup_elem(&pids, &pid))
		return 0;
	process(EXIT, task, 0);
	if (follow)
		bpf_map_delete_elem(&pids, &pid);
	return 0;
}
