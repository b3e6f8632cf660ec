#!/bin/sh
# Compiles src/trace.bpf.c for each processor and writes down from what: the objects are committed, so that building wiretale needs no compiler of C.
# Needs clang, llvm-strip and the headers of libbpf.
set -e
cd "$(dirname "$0")"
for pair in x86:amd64 arm64:arm64; do
	clang -O2 -g -Wall -Werror -target bpf -mcpu=v2 -D__TARGET_ARCH_${pair%:*} -c src/trace.bpf.c -o trace_${pair#*:}.o
	llvm-strip -g trace_${pair#*:}.o
done
sha256sum src/trace.bpf.c src/kernel.h trace_amd64.o trace_arm64.o >objects.sum
