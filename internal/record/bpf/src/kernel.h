/* The parts of the kernel's structures that trace.bpf.c reads. Offsets are those of the kernel that runs it: CO-RE moves them by name. */
#pragma once
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u16 __le16;
typedef __u32 __le32;
typedef __u64 __le64;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef _Bool bool;
#define true 1
#define false 0

enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_RINGBUF = 27, BPF_MAP_TYPE_TASK_STORAGE = 29 };
enum { BPF_F_NO_PREALLOC = 1, BPF_LOCAL_STORAGE_GET_F_CREATE = 1, BPF_RB_NO_WAKEUP = 1, BPF_NOEXIST = 1, BPF_ANY = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };
typedef struct { __s64 counter; } atomic64_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};
struct sk_buff_head { __u32 qlen; };
struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	__u16 sk_type;
	__u16 sk_protocol;
	int sk_err;
};
struct inet_sock { struct sock sk; __be16 inet_sport; };
struct tcp_sock { __u32 snd_cwnd; __u32 snd_ssthresh; __u32 srtt_us; };
struct socket { struct sock *sk; };
struct inode { unsigned short i_mode; };
struct file { struct inode *f_inode; void *private_data; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct task_struct { int pid; int tgid; struct files_struct *files; struct task_struct *real_parent; char comm[16]; };
struct net_device { possible_net_t nd_net; };
struct sk_buff { struct net_device *dev; struct sock *sk; unsigned char *head; __u16 network_header; __u16 transport_header; __be16 protocol; unsigned int len; };
struct linux_binprm { const char *filename; };

#if defined(__TARGET_ARCH_x86)
struct pt_regs { unsigned long r10, r9, r8, dx, si, di, ax; };
#define ARG1 di
#define ARG2 si
#define ARG3 dx
#define ARG4 r10
#define ARG5 r8
#define ARG6 r9
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs { __u64 regs[31]; __u64 orig_x0; };
#define ARG1 orig_x0
#define ARG2 regs[1]
#define ARG3 regs[2]
#define ARG4 regs[3]
#define ARG5 regs[4]
#define ARG6 regs[5]
#endif

#pragma clang attribute pop

/* What user space passes: these have the same layout everywhere. */
struct user_msghdr { __u64 name; __s32 namelen; __u32 pad; __u64 iov; __u64 iovlen; };
struct user_iovec { __u64 base; __u64 len; };
