// The smallest modules that validate only where a feature exists.
const bytes = (...b) => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...b]);
export const FEATURE_MODULES = {
  // (func (drop (i8x16.splat (i32.const 0))))
  simd: bytes(1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11),
  // (func (drop (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0)))), by splats
  relaxedSimd: bytes(1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 26, 11),
  // (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0))))
  threads: bytes(1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1, 10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0, 26, 11),
};
