#include "textflag.h"

// STEP is a third of a line of a quarter round (RFC 8439, 2.1).
#define STEP(a, b, d, n) \
	VPADDD b, a, a; \
	VPXORD a, d, d; \
	VPROLD $n, d, d

// QUARTERS are four quarter rounds that do not touch one another.
#define QUARTERS(a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3) \
	STEP(a0, b0, d0, 16); STEP(a1, b1, d1, 16); STEP(a2, b2, d2, 16); STEP(a3, b3, d3, 16); \
	STEP(c0, d0, b0, 12); STEP(c1, d1, b1, 12); STEP(c2, d2, b2, 12); STEP(c3, d3, b3, 12); \
	STEP(a0, b0, d0, 8); STEP(a1, b1, d1, 8); STEP(a2, b2, d2, 8); STEP(a3, b3, d3, 8); \
	STEP(c0, d0, b0, 7); STEP(c1, d1, b1, 7); STEP(c2, d2, b2, 7); STEP(c3, d3, b3, 7)

// FOUR turns four words of sixteen blocks, word by word, into those of four blocks beside one another: of blocks 0, 4, 8, 12 in a, of 1, 5, ... in b.
#define FOUR(a, b, c, d) \
	VPUNPCKLDQ  b, a, Z16; \
	VPUNPCKHDQ  b, a, Z17; \
	VPUNPCKLDQ  d, c, Z18; \
	VPUNPCKHDQ  d, c, Z19; \
	VPUNPCKLQDQ Z18, Z16, a; \
	VPUNPCKHQDQ Z18, Z16, b; \
	VPUNPCKLQDQ Z19, Z17, c; \
	VPUNPCKHQDQ Z19, Z17, d

// BLOCKS puts the quarters of four blocks together, of each fourth from one at an offset on, and adds them to the text.
#define BLOCKS(a, b, c, d, at) \
	VSHUFI32X4 $0x44, b, a, Z16; \
	VSHUFI32X4 $0xee, b, a, Z17; \
	VSHUFI32X4 $0x44, d, c, Z18; \
	VSHUFI32X4 $0xee, d, c, Z19; \
	VSHUFI32X4 $0x88, Z18, Z16, a; \
	VSHUFI32X4 $0xdd, Z18, Z16, b; \
	VSHUFI32X4 $0x88, Z19, Z17, c; \
	VSHUFI32X4 $0xdd, Z19, Z17, d; \
	VPXORD     at(SI), a, a; \
	VPXORD     at+256(SI), b, b; \
	VPXORD     at+512(SI), c, c; \
	VPXORD     at+768(SI), d, d; \
	VMOVDQU32  a, at(DI); \
	VMOVDQU32  b, at+256(DI); \
	VMOVDQU32  c, at+512(DI); \
	VMOVDQU32  d, at+768(DI)

// func xor(dst, src *byte, state *[16]uint32, n int)
// Each register has one word of sixteen blocks.
TEXT ·xor(SB), NOSPLIT, $0-32
	MOVQ      dst+0(FP), DI
	MOVQ      src+8(FP), SI
	MOVQ      state+16(FP), AX
	MOVQ      n+24(FP), CX
	VMOVDQU32 ·counts(SB), Z20

stride:
	VPBROADCASTD (AX), Z0
	VPBROADCASTD 4(AX), Z1
	VPBROADCASTD 8(AX), Z2
	VPBROADCASTD 12(AX), Z3
	VPBROADCASTD 16(AX), Z4
	VPBROADCASTD 20(AX), Z5
	VPBROADCASTD 24(AX), Z6
	VPBROADCASTD 28(AX), Z7
	VPBROADCASTD 32(AX), Z8
	VPBROADCASTD 36(AX), Z9
	VPBROADCASTD 40(AX), Z10
	VPBROADCASTD 44(AX), Z11
	VPBROADCASTD 48(AX), Z12
	VPBROADCASTD 52(AX), Z13
	VPBROADCASTD 56(AX), Z14
	VPBROADCASTD 60(AX), Z15
	VPADDD       Z20, Z12, Z12
	MOVQ         $10, BX

round:
	QUARTERS(Z0, Z4, Z8, Z12, Z1, Z5, Z9, Z13, Z2, Z6, Z10, Z14, Z3, Z7, Z11, Z15)
	QUARTERS(Z0, Z5, Z10, Z15, Z1, Z6, Z11, Z12, Z2, Z7, Z8, Z13, Z3, Z4, Z9, Z14)
	SUBQ $1, BX
	JNE  round

	VPADDD      Z20, Z12, Z12
	VPADDD.BCST (AX), Z0, Z0
	VPADDD.BCST 4(AX), Z1, Z1
	VPADDD.BCST 8(AX), Z2, Z2
	VPADDD.BCST 12(AX), Z3, Z3
	VPADDD.BCST 16(AX), Z4, Z4
	VPADDD.BCST 20(AX), Z5, Z5
	VPADDD.BCST 24(AX), Z6, Z6
	VPADDD.BCST 28(AX), Z7, Z7
	VPADDD.BCST 32(AX), Z8, Z8
	VPADDD.BCST 36(AX), Z9, Z9
	VPADDD.BCST 40(AX), Z10, Z10
	VPADDD.BCST 44(AX), Z11, Z11
	VPADDD.BCST 48(AX), Z12, Z12
	VPADDD.BCST 52(AX), Z13, Z13
	VPADDD.BCST 56(AX), Z14, Z14
	VPADDD.BCST 60(AX), Z15, Z15
	FOUR(Z0, Z1, Z2, Z3)
	FOUR(Z4, Z5, Z6, Z7)
	FOUR(Z8, Z9, Z10, Z11)
	FOUR(Z12, Z13, Z14, Z15)
	BLOCKS(Z0, Z4, Z8, Z12, 0)
	BLOCKS(Z1, Z5, Z9, Z13, 64)
	BLOCKS(Z2, Z6, Z10, Z14, 128)
	BLOCKS(Z3, Z7, Z11, Z15, 192)
	ADDL $16, 48(AX)
	ADDQ $1024, SI
	ADDQ $1024, DI
	SUBQ $1, CX
	JNE  stride
	VZEROUPPER
	RET

DATA ·counts+0(SB)/4, $0
DATA ·counts+4(SB)/4, $1
DATA ·counts+8(SB)/4, $2
DATA ·counts+12(SB)/4, $3
DATA ·counts+16(SB)/4, $4
DATA ·counts+20(SB)/4, $5
DATA ·counts+24(SB)/4, $6
DATA ·counts+28(SB)/4, $7
DATA ·counts+32(SB)/4, $8
DATA ·counts+36(SB)/4, $9
DATA ·counts+40(SB)/4, $10
DATA ·counts+44(SB)/4, $11
DATA ·counts+48(SB)/4, $12
DATA ·counts+52(SB)/4, $13
DATA ·counts+56(SB)/4, $14
DATA ·counts+60(SB)/4, $15
GLOBL ·counts(SB), RODATA|NOPTR, $64
