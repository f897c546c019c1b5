;; f32_reducemean__5_k6__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 v128) (local $l9 i32) (local $l10 v128) (local $l11 v128)
    (local $l12 v128) (local $l13 v128) (local $l14 v128) (local $l15 v128)
    (local $l16 i32)
    i32.const 0
    local.set $l4
    loop $b0
      local.get $l4
      i32.const 1
      local.set $l5
      local.set $l6
      local.get $l6
      local.get $l5
      local.get $l6
      local.get $l5
      i32.lt_s
      select
      local.set $l7
      v128.const i32x4 0x0 0x0 0x0 0x0
      local.set $l8
      local.get $p0
      local.get $l7
      i32.const 2
      i32.shl
      i32.add
      local.set $l9
      local.get $l9
      v128.load align=4
      local.set $l10
      local.get $l8
      local.get $l10
      f32x4.add
      local.set $l8
      local.get $l9
      v128.load offset=20 align=4
      local.set $l11
      local.get $l8
      local.get $l11
      f32x4.add
      local.set $l8
      local.get $l9
      v128.load offset=40 align=4
      local.set $l12
      local.get $l8
      local.get $l12
      f32x4.add
      local.set $l8
      local.get $l9
      v128.load offset=60 align=4
      local.set $l13
      local.get $l8
      local.get $l13
      f32x4.add
      local.set $l8
      local.get $l9
      v128.load offset=80 align=4
      local.set $l14
      local.get $l8
      local.get $l14
      f32x4.add
      local.set $l8
      local.get $l9
      v128.load offset=100 align=4
      local.set $l15
      local.get $l8
      local.get $l15
      f32x4.add
      local.set $l8
      local.get $p1
      local.get $l7
      i32.const 2
      i32.shl
      i32.add
      local.set $l16
      local.get $l16
      local.get $l8
      v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
      f32x4.div
      v128.store align=4
      local.get $l4
      i32.const 4
      i32.add
      local.tee $l4
      i32.const 5
      i32.lt_s
      br_if $b0
    end
  )
)
