#include "textflag.h"

// func substitute(w uint32) uint32
// Rows are not shifted where all columns are the same.
TEXT ·substitute(SB), NOSPLIT, $0-12
	MOVL       w+0(FP), X0
	PSHUFD     $0, X0, X0
	PXOR       X1, X1
	AESENCLAST X1, X0
	MOVL       X0, ret+8(FP)
	RET

// func invert(key *[16]byte)
TEXT ·invert(SB), NOSPLIT, $0-8
	MOVQ   key+0(FP), AX
	MOVOU  (AX), X0
	AESIMC X0, X0
	MOVOU  X0, (AX)
	RET

// func decrypt(keys *[16]byte, rounds int, dst, src *byte, n int, iv *[16]byte)
// X9 is what the next block was chained to. Nothing is stored before all that is in its place was read.
TEXT ·decrypt(SB), NOSPLIT, $0-48
	MOVQ  keys+0(FP), AX
	MOVQ  rounds+8(FP), BX
	MOVQ  dst+16(FP), DI
	MOVQ  src+24(FP), SI
	MOVQ  n+32(FP), CX
	MOVQ  iv+40(FP), R8
	MOVOU (R8), X9
	SHLQ  $4, BX
	ADDQ  AX, BX            // the key of the last round
	SUBQ  $8, CX
	JLT   few

eight:
	MOVOU (AX), X8
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3
	MOVOU 64(SI), X4
	MOVOU 80(SI), X5
	MOVOU 96(SI), X6
	MOVOU 112(SI), X7
	PXOR  X8, X0
	PXOR  X8, X1
	PXOR  X8, X2
	PXOR  X8, X3
	PXOR  X8, X4
	PXOR  X8, X5
	PXOR  X8, X6
	PXOR  X8, X7
	LEAQ  16(AX), DX

round8:
	MOVOU (DX), X8
	AESDEC X8, X0
	AESDEC X8, X1
	AESDEC X8, X2
	AESDEC X8, X3
	AESDEC X8, X4
	AESDEC X8, X5
	AESDEC X8, X6
	AESDEC X8, X7
	ADDQ  $16, DX
	CMPQ  DX, BX
	JLT   round8
	MOVOU (DX), X8
	AESDECLAST X8, X0
	AESDECLAST X8, X1
	AESDECLAST X8, X2
	AESDECLAST X8, X3
	AESDECLAST X8, X4
	AESDECLAST X8, X5
	AESDECLAST X8, X6
	AESDECLAST X8, X7
	PXOR  X9, X0
	MOVOU (SI), X10
	PXOR  X10, X1
	MOVOU 16(SI), X10
	PXOR  X10, X2
	MOVOU 32(SI), X10
	PXOR  X10, X3
	MOVOU 48(SI), X10
	PXOR  X10, X4
	MOVOU 64(SI), X10
	PXOR  X10, X5
	MOVOU 80(SI), X10
	PXOR  X10, X6
	MOVOU 96(SI), X10
	PXOR  X10, X7
	MOVOU 112(SI), X9
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)
	MOVOU X2, 32(DI)
	MOVOU X3, 48(DI)
	MOVOU X4, 64(DI)
	MOVOU X5, 80(DI)
	MOVOU X6, 96(DI)
	MOVOU X7, 112(DI)
	ADDQ  $128, SI
	ADDQ  $128, DI
	SUBQ  $8, CX
	JGE   eight

few:
	ADDQ $8, CX
	JLE  done

one:
	MOVOU (SI), X10
	MOVOU (AX), X0
	PXOR  X10, X0
	LEAQ  16(AX), DX

round1:
	MOVOU  (DX), X8
	AESDEC X8, X0
	ADDQ   $16, DX
	CMPQ   DX, BX
	JLT    round1
	MOVOU  (DX), X8
	AESDECLAST X8, X0
	PXOR   X9, X0
	MOVOU  X10, X9
	MOVOU  X0, (DI)
	ADDQ   $16, SI
	ADDQ   $16, DI
	SUBQ   $1, CX
	JGT    one

done:
	MOVOU X9, (R8)
	RET
