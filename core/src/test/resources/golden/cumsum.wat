;; f32_cumsum__2x5_k5__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 v128) (local $l9 v128) (local $l10 i32) (local $l11 i32)
    (local $l12 f32) (local $l13 f32) (local $l14 i32)
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
    v128.const i32x4 0x0 0x0 0x0 0x0
    local.set $l8
    v128.const i32x4 0x0 0x0 0x0 0x0
    local.set $l9
    local.get $l8
    local.get $l5
    v128.load32_splat
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x0 0x0 0x0 0x0
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l8
    local.get $l9
    local.get $l5
    v128.load32_splat offset=20
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x0 0x0 0x0 0x0
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l9
    local.get $l8
    local.get $l5
    v128.load32_splat offset=4
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x1 0x1 0x1 0x1
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l8
    local.get $l9
    local.get $l5
    v128.load32_splat offset=24
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x1 0x1 0x1 0x1
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l9
    local.get $l8
    local.get $l5
    v128.load32_splat offset=8
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x2 0x2 0x2 0x2
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l8
    local.get $l9
    local.get $l5
    v128.load32_splat offset=28
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x2 0x2 0x2 0x2
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l9
    local.get $l8
    local.get $l5
    v128.load32_splat offset=12
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x3 0x3 0x3 0x3
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l8
    local.get $l9
    local.get $l5
    v128.load32_splat offset=32
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x3 0x3 0x3 0x3
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l9
    local.get $l8
    local.get $l5
    v128.load32_splat offset=16
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x4 0x4 0x4 0x4
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l8
    local.get $l9
    local.get $l5
    v128.load32_splat offset=36
    v128.const i32x4 0x0 0x0 0x0 0x0
    v128.const i32x4 0x4 0x4 0x4 0x4
    local.get $l7
    i32x4.splat
    v128.const i32x4 0x0 0x1 0x2 0x3
    i32x4.add
    i32x4.le_s
    v128.bitselect
    f32x4.add
    local.set $l9
    local.get $l6
    local.get $l7
    i32.const 2
    i32.shl
    i32.add
    local.set $l10
    local.get $l10
    local.get $l8
    v128.store align=4
    local.get $l10
    local.get $l9
    v128.store offset=20 align=4
    i32.const 4
    local.set $l11
    f32.const 0
    local.set $l12
    f32.const 0
    local.set $l13
    local.get $l12
    i32.const 0
    local.get $l11
    i32.le_s
    if $b0 (result f32)
      local.get $l5
      f32.load
    else
      f32.const 0
    end
    f32.add
    local.set $l12
    local.get $l13
    i32.const 0
    local.get $l11
    i32.le_s
    if $b1 (result f32)
      local.get $l5
      f32.load offset=20
    else
      f32.const 0
    end
    f32.add
    local.set $l13
    local.get $l12
    i32.const 1
    local.get $l11
    i32.le_s
    if $b2 (result f32)
      local.get $l5
      f32.load offset=4
    else
      f32.const 0
    end
    f32.add
    local.set $l12
    local.get $l13
    i32.const 1
    local.get $l11
    i32.le_s
    if $b3 (result f32)
      local.get $l5
      f32.load offset=24
    else
      f32.const 0
    end
    f32.add
    local.set $l13
    local.get $l12
    i32.const 2
    local.get $l11
    i32.le_s
    if $b4 (result f32)
      local.get $l5
      f32.load offset=8
    else
      f32.const 0
    end
    f32.add
    local.set $l12
    local.get $l13
    i32.const 2
    local.get $l11
    i32.le_s
    if $b5 (result f32)
      local.get $l5
      f32.load offset=28
    else
      f32.const 0
    end
    f32.add
    local.set $l13
    local.get $l12
    i32.const 3
    local.get $l11
    i32.le_s
    if $b6 (result f32)
      local.get $l5
      f32.load offset=12
    else
      f32.const 0
    end
    f32.add
    local.set $l12
    local.get $l13
    i32.const 3
    local.get $l11
    i32.le_s
    if $b7 (result f32)
      local.get $l5
      f32.load offset=32
    else
      f32.const 0
    end
    f32.add
    local.set $l13
    local.get $l12
    i32.const 4
    local.get $l11
    i32.le_s
    if $b8 (result f32)
      local.get $l5
      f32.load offset=16
    else
      f32.const 0
    end
    f32.add
    local.set $l12
    local.get $l13
    i32.const 4
    local.get $l11
    i32.le_s
    if $b9 (result f32)
      local.get $l5
      f32.load offset=36
    else
      f32.const 0
    end
    f32.add
    local.set $l13
    local.get $l6
    local.get $l11
    i32.const 2
    i32.shl
    i32.add
    local.set $l14
    local.get $l14
    local.get $l12
    f32.store
    local.get $l14
    local.get $l13
    f32.store offset=20
  )
)
