;; f32_averagepool__4x5x5_k2x2__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 f32) (local $l13 f32) (local $l14 i32) (local $l15 i32)
    (local $l16 v128) (local $l17 i32) (local $l18 v128) (local $l19 i32)
    (local $l20 i32) (local $l21 f32) (local $l22 i32) (local $l23 f32)
    (local $l24 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $l4
        i32.const 5
        i32.rem_u
        local.set $l5
        local.get $l4
        i32.const 5
        i32.div_u
        local.set $l6
        local.get $l5
        i32.const 0
        i32.add
        local.set $l7
        local.get $l7
        i32.const 5
        i32.lt_s
        local.set $l8
        local.get $p0
        local.get $l6
        i32.const 25
        i32.mul
        local.get $l5
        i32.const 5
        i32.mul
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l9
        local.get $l5
        i32.const 1
        i32.add
        local.set $l10
        local.get $l10
        i32.const 5
        i32.lt_s
        local.set $l11
        f32.const 1
        f32.const 0
        local.get $l8
        select
        local.set $l12
        f32.const 1
        f32.const 0
        local.get $l11
        select
        local.set $l13
        local.get $p1
        local.get $l6
        i32.const 25
        i32.mul
        local.get $l5
        i32.const 5
        i32.mul
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l14
        i32.const 0
        local.set $l15
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l16
        local.get $l9
        local.get $l15
        i32.const 2
        i32.shl
        i32.add
        local.set $l17
        local.get $l16
        local.get $l8
        if $b2 (result v128)
          local.get $l17
          v128.load align=4
        else
          v128.const i32x4 0x0 0x0 0x0 0x0
        end
        f32x4.add
        local.set $l16
        local.get $l16
        local.get $l8
        if $b3 (result v128)
          local.get $l17
          v128.load offset=4 align=4
        else
          v128.const i32x4 0x0 0x0 0x0 0x0
        end
        f32x4.add
        local.set $l16
        local.get $l16
        local.get $l11
        if $b4 (result v128)
          local.get $l17
          v128.load offset=20 align=4
        else
          v128.const i32x4 0x0 0x0 0x0 0x0
        end
        f32x4.add
        local.set $l16
        local.get $l16
        local.get $l11
        if $b5 (result v128)
          local.get $l17
          v128.load offset=24 align=4
        else
          v128.const i32x4 0x0 0x0 0x0 0x0
        end
        f32x4.add
        local.set $l16
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l18
        local.get $l18
        local.get $l12
        f32x4.splat
        f32x4.add
        local.set $l18
        local.get $l18
        local.get $l12
        f32x4.splat
        f32x4.add
        local.set $l18
        local.get $l18
        local.get $l13
        f32x4.splat
        f32x4.add
        local.set $l18
        local.get $l18
        local.get $l13
        f32x4.splat
        f32x4.add
        local.set $l18
        local.get $l14
        local.get $l15
        i32.const 2
        i32.shl
        i32.add
        local.set $l19
        local.get $l19
        local.get $l16
        local.get $l18
        f32x4.div
        v128.store align=4
        i32.const 4
        local.set $l20
        f32.const 0
        local.set $l21
        local.get $l9
        local.get $l20
        i32.const 2
        i32.shl
        i32.add
        local.set $l22
        local.get $l21
        local.get $l8
        local.get $l20
        i32.const 0
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        if $b6 (result f32)
          local.get $l22
          f32.load
        else
          f32.const 0
        end
        f32.add
        local.set $l21
        local.get $l21
        local.get $l8
        local.get $l20
        i32.const 1
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        if $b7 (result f32)
          local.get $l22
          f32.load offset=4
        else
          f32.const 0
        end
        f32.add
        local.set $l21
        local.get $l21
        local.get $l11
        local.get $l20
        i32.const 0
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        if $b8 (result f32)
          local.get $l22
          f32.load offset=20
        else
          f32.const 0
        end
        f32.add
        local.set $l21
        local.get $l21
        local.get $l11
        local.get $l20
        i32.const 1
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        if $b9 (result f32)
          local.get $l22
          f32.load offset=24
        else
          f32.const 0
        end
        f32.add
        local.set $l21
        f32.const 0
        local.set $l23
        local.get $l23
        f32.const 1
        f32.const 0
        local.get $l8
        local.get $l20
        i32.const 0
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        select
        f32.add
        local.set $l23
        local.get $l23
        f32.const 1
        f32.const 0
        local.get $l8
        local.get $l20
        i32.const 1
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        select
        f32.add
        local.set $l23
        local.get $l23
        f32.const 1
        f32.const 0
        local.get $l11
        local.get $l20
        i32.const 0
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        select
        f32.add
        local.set $l23
        local.get $l23
        f32.const 1
        f32.const 0
        local.get $l11
        local.get $l20
        i32.const 1
        i32.add
        i32.const 5
        i32.lt_s
        i32.and
        select
        f32.add
        local.set $l23
        local.get $l14
        local.get $l20
        i32.const 2
        i32.shl
        i32.add
        local.set $l24
        local.get $l24
        local.get $l21
        local.get $l23
        f32.div
        f32.store
        local.get $l4
        i32.const 1
        i32.add
        local.tee $l4
        local.get $p3
        i32.lt_s
        br_if $b1
      end
    end
  )
)
