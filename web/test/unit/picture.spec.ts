// Arithmetic of the pictures; no browser is needed.
import { expect, test } from "@playwright/test";
import { movingAverage } from "../../src/picture/average";
import { pan, reveal, within, zoom } from "../../src/picture/extent";
import { GapScale, last, usualLimit } from "../../src/picture/gaps";
import { place, stack } from "../../src/picture/labels";
import { firstAtLeast, nearest, thin } from "../../src/picture/thin";
import { exact, multiples, niceStep, timeTick, valueTick } from "../../src/picture/ticks";

const ms = 1e6;

test.describe("time with short silences", () => {
  // Ten packets a millisecond apart, three seconds of silence, ten more: a retransmission timeout.
  const times = [...Array.from({ length: 10 }, (_, i) => i * ms), ...Array.from({ length: 10 }, (_, i) => 3009 * ms + i * ms)];
  test("a silence much longer than most gaps is a break", () => {
    const limit = usualLimit(times);
    expect(limit).toBe(16 * ms);
    const scale = new GapScale(times, limit);
    expect(scale.breaks).toHaveLength(1);
    expect(scale.breaks[0]).toMatchObject({ after: 9, from: 9 * ms, to: 3009 * ms });
    expect(scale.extent).toBeLessThan(50 * ms);
    expect(scale.at(3018 * ms)).toBeCloseTo(scale.extent, 3);
  });
  test("what is between breaks is to scale, and places lead back to times", () => {
    const scale = new GapScale(times, usualLimit(times));
    for (let i = 1; i < times.length; i++) {
      if (i !== 10) expect(scale.at(times[i]!) - scale.at(times[i - 1]!)).toBeCloseTo(ms, 3);
      expect(scale.at(times[i]!)).toBeGreaterThan(scale.at(times[i - 1]!));
    }
    for (const t of [0, 4.5 * ms, 9 * ms, 1000 * ms, 3009 * ms, 3018 * ms]) expect(scale.time(scale.at(t))).toBeCloseTo(t, 0);
  });
  test("the longer break is wider, and stretches leave breaks out", () => {
    const scale = new GapScale([0, 1, 2, 3, 1003, 1004, 1005, 101005, 101006], 100);
    const [a, b] = scale.breaks;
    expect(b!.end - b!.at).toBeGreaterThan(a!.end - a!.at);
    expect(scale.stretches(0, scale.extent).map((s) => scale.time(s.from))).toEqual([0, 1003, 101005]);
  });
  test("even gaps, one record, none, equal times and no times at all", () => {
    expect(new GapScale([0, 5, 10, 15], usualLimit([0, 5, 10, 15])).breaks).toHaveLength(0);
    expect(new GapScale([7], usualLimit([7])).extent).toBe(0);
    expect(new GapScale([], usualLimit([])).extent).toBe(0);
    expect(new GapScale([3, 3, 3], usualLimit([3, 3, 3])).extent).toBe(0);
    const two = new GapScale([0, 1e9], 1e6);
    expect(two.extent).toBeGreaterThan(0);
    expect(two.at(1e9)).toBeCloseTo(two.extent, 6);
  });
  test("of many silences only the longest are breaks", () => {
    const many: number[] = [];
    for (let burst = 0, t = 0; burst < 100; burst++, t += (burst + 100) * ms) for (let i = 0; i < 20; i++) many.push((t += 1000));
    expect(new GapScale(many, usualLimit(many)).breaks).toHaveLength(12);
  });
  test("last finds the last that holds", () => {
    expect(last([1, 2, 3], (v) => v < 3)).toBe(1);
    expect(last([1, 2, 3], (v) => v < 1)).toBe(-1);
    expect(last([1, 2, 3], () => true)).toBe(2);
  });
});

test.describe("zoom and pan", () => {
  const whole = { from: 0, to: 100 };
  test("what is under the pointer stays there", () => {
    const view = zoom({ from: 20, to: 60 }, 0.5, 30, whole);
    expect(view).toEqual({ from: 25, to: 45 });
    expect((30 - view.from) / (view.to - view.from)).toBeCloseTo((30 - 20) / 40);
  });
  test("the picture is never left, and never narrower than the least", () => {
    expect(zoom({ from: 20, to: 60 }, 10, 30, whole)).toEqual(whole);
    expect(pan({ from: 20, to: 60 }, 1000, whole)).toEqual({ from: 60, to: 100 });
    expect(pan({ from: 20, to: 60 }, -1000, whole)).toEqual({ from: 0, to: 40 });
    expect(zoom({ from: 20, to: 60 }, 1e-9, 30, whole, 2).to - zoom({ from: 20, to: 60 }, 1e-9, 30, whole, 2).from).toBeCloseTo(2);
    expect(within({ from: -5, to: 500 }, whole)).toEqual(whole);
  });
  test("a record out of sight comes into the middle, one in sight moves nothing", () => {
    expect(reveal({ from: 20, to: 40 }, 30, whole)).toEqual({ from: 20, to: 40 });
    expect(reveal({ from: 20, to: 40 }, 80, whole)).toEqual({ from: 70, to: 90 });
    expect(reveal({ from: 0, to: 20 }, 0, whole)).toEqual({ from: 0, to: 20 });
  });
});

test.describe("ticks", () => {
  test("steps are 1, 2, 5 times powers of ten", () => {
    expect([0.7, 1, 1.1, 3, 6, 120].map(niceStep)).toEqual([1, 1, 2, 5, 10, 200]);
    expect(niceStep(0)).toBe(1);
    expect(niceStep(Infinity)).toBe(1);
    expect(multiples(3, 11, 2)).toEqual([4, 6, 8, 10]);
  });
  test("times carry the unit that fits and as many digits as the step needs", () => {
    expect(timeTick(0, 1e6)).toBe("0");
    expect(timeTick(250e6, 50e6)).toBe("250 ms");
    expect(timeTick(1.25e9, 50e6)).toBe("1.25 s");
    expect(timeTick(200, 100)).toBe("200 ns");
    expect(timeTick(3e9, 1e9)).toBe("3 s");
  });
  test("values", () => {
    expect(valueTick(65536, 16384, "bytes")).toBe("64 KiB");
    expect(valueTick(2.75 * 2 ** 20, 2 ** 18, "bytes")).toBe("2.75 MiB");
    expect(valueTick(20e6, 5e6, "bits/s")).toBe("20 Mbit/s");
    expect(valueTick(1500, 500, "packets")).toBe("1.5 k");
    expect(valueTick(7, 1, "packets")).toBe("7");
    expect(exact(65536, "bytes")).toBe("64.0 KiB (65536 B)");
    expect(exact(1448, "bytes")).toBe("1448 B");
    expect(exact(43_700_000, "ns")).toBe("43.7 ms");
    expect(exact(22.94e6, "bits/s")).toBe("22.9 Mbit/s");
    expect(exact(3, "packets")).toBe("3 packets");
  });
});

test.describe("thinning", () => {
  test("first and last of each column, and what matters", () => {
    const places = Float64Array.from({ length: 100000 }, (_, i) => i);
    const drawn = thin(places, 0, 99999, 1000, (i) => i === 4321);
    expect(drawn).toContain(4321);
    expect(drawn).toContain(0);
    expect(drawn).toContain(999);
    expect(drawn.length).toBeLessThan(203);
    expect([...drawn].sort((a, b) => a - b)).toEqual(drawn);
  });
  test("only the window", () => {
    expect(thin([0, 1, 2, 3, 4], 1, 3, 0.5, () => false)).toEqual([1, 2, 3]);
    expect(firstAtLeast([1, 3, 5], 4)).toBe(2);
  });
  test("the nearest point", () => {
    const xs = [0, 1, 2, 3];
    const ys = [10, 20, 30, 40];
    expect(nearest(xs, ys, 2.1, 29, 5, 10, (v) => v)).toBe(2);
    expect(nearest(xs, ys, 2.1, 80, 5, 10, (v) => v)).toBe(-1);
  });
});

test.describe("labels and bars", () => {
  test("the weighty label wins, the others take other lines or none", () => {
    const labels = [
      { x: 0, width: 50, weight: 0 },
      { x: 10, width: 50, weight: 5 },
      { x: 20, width: 50, weight: 0 },
      { x: 980, width: 50, weight: 9 },
    ];
    expect(place(labels, 2, 4, 1000)).toEqual([1, 0, -1, -1]);
  });
  test("bars that overlap take lines of their own", () => {
    expect(stack([{ from: 0, to: 10 }, { from: 5, to: 6 }, { from: 10, to: 12 }], 3)).toEqual([0, 1, 0]);
    expect(stack([{ from: 0, to: 10 }, { from: 1, to: 10 }, { from: 2, to: 10 }], 2)).toEqual([0, 1, 1]);
  });
});

test("moving average", () => {
  expect(movingAverage([0, 3, 6, 9], 1)).toEqual([0, 3, 6, 9]);
  expect(movingAverage([0, 3, 6, 9], 3)).toEqual([1.5, 3, 6, 7.5]);
});
