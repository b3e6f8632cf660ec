#include "textflag.h"

// func Lines(p unsafe.Pointer, n int)
TEXT ·Lines(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), CX
	SUBQ $4, CX
	JLT  few

four:
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	ADDQ       $256, AX
	SUBQ       $4, CX
	JGE        four

few:
	ADDQ $4, CX
	JLE  done

one:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	SUBQ $1, CX
	JGT  one

done:
	RET

// func Two(p, q unsafe.Pointer)
TEXT ·Two(SB), NOSPLIT, $0-16
	MOVQ       p+0(FP), AX
	MOVQ       q+8(FP), BX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 (BX)
	RET

// func Each(a, b, c unsafe.Pointer)
TEXT ·Each(SB), NOSPLIT, $0-24
	MOVQ       a+0(FP), AX
	MOVQ       b+8(FP), BX
	MOVQ       c+16(FP), CX
	PREFETCHT0 (AX)
	PREFETCHT0 (BX)
	PREFETCHT0 (CX)
	RET
