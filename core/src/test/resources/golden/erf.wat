;; f32_erf__8__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 v128) (local $l7 i32)
    (local $l8 v128) (local $l9 v128)
    i32.const 0
    local.set $l4
    loop $b0
      local.get $p0
      local.get $l4
      i32.const 2
      i32.shl
      i32.add
      local.set $l5
      local.get $l5
      v128.load align=4
      local.set $l6
      local.get $p1
      local.get $l4
      i32.const 2
      i32.shl
      i32.add
      local.set $l7
      local.get $l7
      local.get $l6
      v128.const i32x4 0x40800000 0x40800000 0x40800000 0x40800000
      f32x4.pmin
      v128.const i32x4 0xc0800000 0xc0800000 0xc0800000 0xc0800000
      f32x4.pmax
      local.set $l8
      local.get $l8
      local.get $l8
      f32x4.mul
      local.set $l9
      v128.const i32x4 0x360552f6 0x360552f6 0x360552f6 0x360552f6
      local.get $l9
      v128.const i32x4 0x39952e99 0x39952e99 0x39952e99 0x39952e99
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3b7e77f5 0x3b7e77f5 0x3b7e77f5 0x3b7e77f5
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3d597fb4 0x3d597fb4 0x3d597fb4 0x3d597fb4
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3e462e5f 0x3e462e5f 0x3e462e5f 0x3e462e5f
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3f906eba 0x3f906eba 0x3f906eba 0x3f906eba
      f32x4.relaxed_madd
      local.get $l8
      f32x4.mul
      v128.const i32x4 0x381cf125 0x381cf125 0x381cf125 0x381cf125
      local.get $l9
      v128.const i32x4 0x3a9b608d 0x3a9b608d 0x3a9b608d 0x3a9b608d
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3c79240a 0x3c79240a 0x3c79240a 0x3c79240a
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3dec3a95 0x3dec3a95 0x3dec3a95 0x3dec3a95
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3f013dd3 0x3f013dd3 0x3f013dd3 0x3f013dd3
      f32x4.relaxed_madd
      local.get $l9
      v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
      f32x4.relaxed_madd
      f32x4.div
      v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
      f32x4.pmin
      v128.const i32x4 0xbf800000 0xbf800000 0xbf800000 0xbf800000
      f32x4.pmax
      v128.store align=4
      local.get $l4
      i32.const 4
      i32.add
      local.tee $l4
      i32.const 8
      i32.lt_s
      br_if $b0
    end
  )
)
