;; f32_matmul__16_k6__t1x16u8: contraction mr=1 nr=16 unroll=8 kc=0 outer=0 mc=1 pack=1 ahead=0 streams=2
(module
  (type $t0 (func (param i32 i32 i32 i32 i32)))
  (type $t1 (func (param i32 i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32)
    (local $l5 i32) (local $l6 i32)
    local.get $p3
    local.set $l5
    local.get $l5
    local.get $p4
    i32.lt_s
    if $b0
      loop $b1
        local.get $l5
        local.set $l6
        local.get $p0
        local.get $p1
        local.get $p2
        i32.const 0
        i32.const 1
        local.get $l6
        call $f1
        local.get $l5
        i32.const 1
        i32.add
        local.tee $l5
        local.get $p4
        i32.lt_s
        br_if $b1
      end
    end
  )
  (func $f1 (type $t1) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32)
    (local $l6 i32) (local $l7 i32) (local $l8 i32) (local $l9 i32)
    (local $l10 v128) (local $l11 v128) (local $l12 v128) (local $l13 v128)
    (local $l14 v128) (local $l15 v128) (local $l16 v128) (local $l17 v128)
    (local $l18 i32) (local $l19 i32) (local $l20 v128) (local $l21 v128)
    (local $l22 v128) (local $l23 v128) (local $l24 v128) (local $l25 v128)
    local.get $p5
    i32.const 3
    i32.shl
    local.set $l6
    local.get $p1
    local.get $p5
    i32.const 192
    i32.mul
    i32.add
    local.set $l7
    local.get $p2
    local.get $l6
    i32.const 2
    i32.shl
    i32.add
    local.set $l8
    local.get $p3
    local.set $l9
    local.get $l9
    local.get $p4
    i32.lt_s
    if $b0
      loop $b1
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l10
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l11
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l12
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l13
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l14
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l15
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l16
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l17
        local.get $l7
        local.set $l18
        local.get $p0
        local.set $l19
        local.get $l19
        v128.load32_splat
        local.set $l20
        local.get $l20
        local.get $l18
        v128.load align=4
        local.get $l10
        f32x4.relaxed_madd
        local.set $l10
        local.get $l20
        local.get $l18
        v128.load offset=16 align=4
        local.get $l11
        f32x4.relaxed_madd
        local.set $l11
        local.get $l20
        local.get $l18
        v128.load offset=192 align=4
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l20
        local.get $l18
        v128.load offset=208 align=4
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l19
        v128.load32_splat offset=4
        local.set $l21
        local.get $l21
        local.get $l18
        v128.load offset=32 align=4
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l21
        local.get $l18
        v128.load offset=48 align=4
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l21
        local.get $l18
        v128.load offset=224 align=4
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l21
        local.get $l18
        v128.load offset=240 align=4
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l19
        v128.load32_splat offset=8
        local.set $l22
        local.get $l22
        local.get $l18
        v128.load offset=64 align=4
        local.get $l10
        f32x4.relaxed_madd
        local.set $l10
        local.get $l22
        local.get $l18
        v128.load offset=80 align=4
        local.get $l11
        f32x4.relaxed_madd
        local.set $l11
        local.get $l22
        local.get $l18
        v128.load offset=256 align=4
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l22
        local.get $l18
        v128.load offset=272 align=4
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l19
        v128.load32_splat offset=12
        local.set $l23
        local.get $l23
        local.get $l18
        v128.load offset=96 align=4
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l23
        local.get $l18
        v128.load offset=112 align=4
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l23
        local.get $l18
        v128.load offset=288 align=4
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l23
        local.get $l18
        v128.load offset=304 align=4
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l19
        v128.load32_splat offset=16
        local.set $l24
        local.get $l24
        local.get $l18
        v128.load offset=128 align=4
        local.get $l10
        f32x4.relaxed_madd
        local.set $l10
        local.get $l24
        local.get $l18
        v128.load offset=144 align=4
        local.get $l11
        f32x4.relaxed_madd
        local.set $l11
        local.get $l24
        local.get $l18
        v128.load offset=320 align=4
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l24
        local.get $l18
        v128.load offset=336 align=4
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l19
        v128.load32_splat offset=20
        local.set $l25
        local.get $l25
        local.get $l18
        v128.load offset=160 align=4
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l25
        local.get $l18
        v128.load offset=176 align=4
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l25
        local.get $l18
        v128.load offset=352 align=4
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l25
        local.get $l18
        v128.load offset=368 align=4
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l19
        i32.const 24
        i32.add
        local.set $l19
        local.get $l18
        i32.const 192
        i32.add
        local.set $l18
        local.get $l10
        local.get $l14
        f32x4.add
        local.set $l10
        local.get $l11
        local.get $l15
        f32x4.add
        local.set $l11
        local.get $l12
        local.get $l16
        f32x4.add
        local.set $l12
        local.get $l13
        local.get $l17
        f32x4.add
        local.set $l13
        local.get $l8
        local.get $l10
        v128.store align=4
        local.get $l8
        local.get $l11
        v128.store offset=16 align=4
        local.get $l8
        local.get $l12
        v128.store offset=32 align=4
        local.get $l8
        local.get $l13
        v128.store offset=48 align=4
        local.get $l9
        i32.const 1
        i32.add
        local.tee $l9
        local.get $p4
        i32.lt_s
        br_if $b1
      end
    end
  )
)
;; f32_pack__2x6x8__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 v128)
    (local $l12 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $l4
        i32.const 6
        i32.rem_u
        local.set $l5
        local.get $l4
        i32.const 6
        i32.div_u
        local.set $l6
        local.get $p0
        local.get $l5
        i32.const 4
        i32.shl
        local.get $l6
        i32.const 3
        i32.shl
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l7
        local.get $p1
        local.get $l6
        i32.const 48
        i32.mul
        local.get $l5
        i32.const 3
        i32.shl
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l8
        i32.const 0
        local.set $l9
        loop $b2
          local.get $l7
          local.get $l9
          i32.const 2
          i32.shl
          i32.add
          local.set $l10
          local.get $l10
          v128.load align=4
          local.set $l11
          local.get $l8
          local.get $l9
          i32.const 2
          i32.shl
          i32.add
          local.set $l12
          local.get $l12
          local.get $l11
          v128.store align=4
          local.get $l9
          i32.const 4
          i32.add
          local.tee $l9
          i32.const 8
          i32.lt_s
          br_if $b2
        end
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
