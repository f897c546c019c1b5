;; f32_cumsum__2x5_k5__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 v128)
    (local $l12 v128) (local $l13 i32)
    i32.const 0
    local.set $l4
    local.get $p0
    local.get $l4
    i32.const 20
    i32.mul
    i32.add
    local.set $l5
    local.get $p1
    local.get $l4
    i32.const 20
    i32.mul
    i32.add
    local.set $l6
    i32.const 0
    local.set $l7
    loop $b0
      local.get $l7
      i32.const 1
      local.set $l8
      local.set $l9
      local.get $l9
      local.get $l8
      local.get $l9
      local.get $l8
      i32.lt_s
      select
      local.set $l10
      v128.const i32x4 0x0 0x0 0x0 0x0
      local.set $l11
      v128.const i32x4 0x0 0x0 0x0 0x0
      local.set $l12
      local.get $l11
      local.get $l5
      v128.load32_splat
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x0 0x0 0x0 0x0
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l11
      local.get $l12
      local.get $l5
      v128.load32_splat offset=20
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x0 0x0 0x0 0x0
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l12
      local.get $l11
      local.get $l5
      v128.load32_splat offset=4
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x1 0x1 0x1 0x1
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l11
      local.get $l12
      local.get $l5
      v128.load32_splat offset=24
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x1 0x1 0x1 0x1
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l12
      local.get $l11
      local.get $l5
      v128.load32_splat offset=8
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x2 0x2 0x2 0x2
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l11
      local.get $l12
      local.get $l5
      v128.load32_splat offset=28
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x2 0x2 0x2 0x2
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l12
      local.get $l11
      local.get $l5
      v128.load32_splat offset=12
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x3 0x3 0x3 0x3
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l11
      local.get $l12
      local.get $l5
      v128.load32_splat offset=32
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x3 0x3 0x3 0x3
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l12
      local.get $l11
      local.get $l5
      v128.load32_splat offset=16
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x4 0x4 0x4 0x4
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l11
      local.get $l12
      local.get $l5
      v128.load32_splat offset=36
      v128.const i32x4 0x0 0x0 0x0 0x0
      v128.const i32x4 0x4 0x4 0x4 0x4
      local.get $l10
      i32x4.splat
      v128.const i32x4 0x0 0x1 0x2 0x3
      i32x4.add
      i32x4.le_s
      v128.bitselect
      f32x4.add
      local.set $l12
      local.get $l6
      local.get $l10
      i32.const 2
      i32.shl
      i32.add
      local.set $l13
      local.get $l13
      local.get $l11
      v128.store align=4
      local.get $l13
      local.get $l12
      v128.store offset=20 align=4
      local.get $l7
      i32.const 4
      i32.add
      local.tee $l7
      i32.const 5
      i32.lt_s
      br_if $b0
    end
  )
)
