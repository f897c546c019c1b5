;; f32_image__2x6x6__v4: transpose lanes=4 rows=16
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32) (local $l13 i32) (local $l14 i32) (local $l15 i32)
    (local $l16 v128) (local $l17 v128) (local $l18 v128) (local $l19 v128)
    (local $l20 v128) (local $l21 v128) (local $l22 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        i32.const 0
        local.set $l5
        i32.const 0
        local.set $l6
        local.get $l4
        i32.const 6
        i32.rem_u
        local.set $l7
        local.get $l4
        i32.const 6
        i32.div_u
        local.set $l8
        local.get $p0
        local.get $l6
        i32.const 36
        i32.mul
        local.get $l7
        i32.const 6
        i32.mul
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l9
        local.get $p1
        local.get $l6
        local.get $l7
        i32.const 4
        i32.shl
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l10
        local.get $l5
        local.set $l11
        local.get $l11
        i32.const 6
        i32.lt_s
        if $b2
          loop $b3
            local.get $l11
            i32.const 2
            local.set $l12
            local.set $l13
            local.get $l13
            local.get $l12
            local.get $l13
            local.get $l12
            i32.lt_s
            select
            local.set $l14
            local.get $l9
            local.get $l14
            i32.const 2
            i32.shl
            i32.add
            local.set $l15
            local.get $l15
            v128.load align=4
            local.set $l16
            local.get $l15
            v128.load offset=144 align=4
            local.set $l17
            local.get $l16
            local.get $l17
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l18
            local.get $l16
            local.get $l17
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l19
            local.get $l16
            local.get $l16
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l20
            local.get $l16
            local.get $l16
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l21
            local.get $l10
            local.get $l14
            i32.const 8
            i32.mul
            i32.add
            local.set $l22
            local.get $l22
            local.get $l18
            local.get $l20
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store64_lane offset=72 align=4 0
            local.get $l22
            local.get $l18
            local.get $l20
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store64_lane offset=80 align=4 0
            local.get $l22
            local.get $l19
            local.get $l21
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store64_lane offset=88 align=4 0
            local.get $l22
            local.get $l19
            local.get $l21
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store64_lane offset=96 align=4 0
            local.get $l11
            i32.const 4
            i32.add
            local.tee $l11
            i32.const 6
            i32.lt_s
            br_if $b3
          end
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
;; f32_conv_relu__4x6x6_k2x3x3__t6x4u8: contraction mr=6 nr=4 unroll=8 kc=0 outer=0 mc=1 pack=1 ahead=0 streams=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32 i32)))
  (type $t1 (func (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32)
    (local $l6 i32) (local $l7 i32)
    local.get $p4
    local.set $l6
    local.get $l6
    local.get $p5
    i32.lt_s
    if $b0
      loop $b1
        i32.const 0
        local.set $l7
        local.get $p0
        local.get $p1
        local.get $p2
        local.get $p3
        local.get $l6
        i32.const 0
        i32.const 6
        local.get $l7
        call $f1
        local.get $l6
        i32.const 1
        i32.add
        local.tee $l6
        local.get $p5
        i32.lt_s
        br_if $b1
      end
    end
  )
  (func $f1 (type $t1) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32) (param $p6 i32) (param $p7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32) (local $l13 i32) (local $l14 v128) (local $l15 v128)
    (local $l16 v128) (local $l17 v128) (local $l18 v128) (local $l19 v128)
    (local $l20 i32) (local $l21 i32) (local $l22 i32) (local $l23 i32)
    (local $l24 i32) (local $l25 v128) (local $l26 v128) (local $l27 v128)
    (local $l28 v128) (local $l29 v128) (local $l30 v128) (local $l31 v128)
    (local $l32 i32)
    local.get $p7
    i32.const 2
    i32.shl
    local.set $l8
    local.get $p1
    local.get $p7
    i32.const 288
    i32.mul
    i32.add
    local.set $l9
    local.get $p0
    local.get $p4
    i32.const 8
    i32.mul
    i32.add
    local.set $l10
    local.get $p2
    local.get $l8
    i32.const 2
    i32.shl
    i32.add
    local.set $l11
    local.get $p3
    local.get $l8
    local.get $p4
    i32.const 2
    i32.shl
    i32.add
    i32.const 2
    i32.shl
    i32.add
    local.set $l12
    local.get $p5
    local.set $l13
    local.get $l13
    local.get $p6
    i32.lt_s
    if $b0
      loop $b1
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l14
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l15
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l16
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l17
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l18
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l19
        local.get $l10
        local.get $l13
        i32.const 64
        i32.mul
        i32.add
        local.set $l20
        local.get $l9
        local.set $l21
        local.get $l20
        local.set $l22
        i32.const 0
        local.set $l23
        loop $b2
          local.get $l22
          local.set $l24
          local.get $l21
          v128.load align=4
          local.set $l25
          local.get $l24
          v128.load32_splat
          local.get $l25
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l25
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l25
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l25
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l25
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l25
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          v128.load offset=16 align=4
          local.set $l26
          local.get $l24
          v128.load32_splat
          local.get $l26
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l26
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l26
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l26
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l26
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l26
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          v128.load offset=32 align=4
          local.set $l27
          local.get $l24
          v128.load32_splat
          local.get $l27
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l27
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l27
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l27
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l27
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l27
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          v128.load offset=48 align=4
          local.set $l28
          local.get $l24
          v128.load32_splat
          local.get $l28
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l28
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l28
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l28
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l28
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l28
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          v128.load offset=64 align=4
          local.set $l29
          local.get $l24
          v128.load32_splat
          local.get $l29
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l29
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l29
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l29
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l29
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l29
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          v128.load offset=80 align=4
          local.set $l30
          local.get $l24
          v128.load32_splat
          local.get $l30
          local.get $l14
          f32x4.relaxed_madd
          local.set $l14
          local.get $l24
          v128.load32_splat offset=64
          local.get $l30
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l24
          v128.load32_splat offset=128
          local.get $l30
          local.get $l16
          f32x4.relaxed_madd
          local.set $l16
          local.get $l24
          v128.load32_splat offset=192
          local.get $l30
          local.get $l17
          f32x4.relaxed_madd
          local.set $l17
          local.get $l24
          v128.load32_splat offset=256
          local.get $l30
          local.get $l18
          f32x4.relaxed_madd
          local.set $l18
          local.get $l24
          v128.load32_splat offset=320
          local.get $l30
          local.get $l19
          f32x4.relaxed_madd
          local.set $l19
          local.get $l24
          i32.const 4
          i32.add
          local.set $l24
          local.get $l21
          i32.const 96
          i32.add
          local.set $l21
          local.get $l22
          i32.const 64
          i32.add
          local.set $l22
          local.get $l23
          i32.const 1
          i32.add
          local.tee $l23
          i32.const 3
          i32.lt_s
          br_if $b2
        end
        local.get $l11
        v128.load align=4
        local.set $l31
        local.get $l12
        local.get $l13
        i32.const 96
        i32.mul
        i32.add
        local.set $l32
        local.get $l32
        local.get $l14
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store align=4
        local.get $l32
        local.get $l15
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store offset=96 align=4
        local.get $l32
        local.get $l16
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store offset=192 align=4
        local.get $l32
        local.get $l17
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store offset=288 align=4
        local.get $l32
        local.get $l18
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store offset=384 align=4
        local.get $l32
        local.get $l19
        local.get $l31
        f32x4.add
        v128.const i32x4 0x0 0x0 0x0 0x0
        f32x4.pmax
        v128.store offset=480 align=4
        local.get $l13
        i32.const 6
        i32.add
        local.tee $l13
        local.get $p6
        i32.lt_s
        br_if $b1
      end
    end
  )
)
;; f32_pack__3x3x2x4__v4: transpose lanes=4 rows=16
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32) (local $l13 i32) (local $l14 i32) (local $l15 i32)
    (local $l16 v128) (local $l17 v128) (local $l18 v128) (local $l19 v128)
    (local $l20 v128) (local $l21 v128) (local $l22 v128) (local $l23 v128)
    (local $l24 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        i32.const 0
        local.set $l5
        i32.const 0
        local.set $l6
        local.get $l4
        i32.const 1
        i32.and
        local.set $l7
        local.get $l4
        i32.const 1
        i32.shr_u
        local.set $l8
        local.get $p0
        local.get $l6
        i32.const 18
        i32.mul
        local.get $l7
        i32.const 9
        i32.mul
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l9
        local.get $p1
        local.get $l7
        i32.const 2
        i32.shl
        local.get $l6
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l10
        local.get $l5
        local.set $l11
        local.get $l11
        i32.const 9
        i32.lt_s
        if $b2
          loop $b3
            local.get $l11
            i32.const 5
            local.set $l12
            local.set $l13
            local.get $l13
            local.get $l12
            local.get $l13
            local.get $l12
            i32.lt_s
            select
            local.set $l14
            local.get $l9
            local.get $l14
            i32.const 2
            i32.shl
            i32.add
            local.set $l15
            local.get $l15
            v128.load align=4
            local.set $l16
            local.get $l15
            v128.load offset=72 align=4
            local.set $l17
            local.get $l15
            v128.load offset=144 align=4
            local.set $l18
            local.get $l15
            v128.load offset=216 align=4
            local.set $l19
            local.get $l16
            local.get $l17
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l20
            local.get $l16
            local.get $l17
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l21
            local.get $l18
            local.get $l19
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l22
            local.get $l18
            local.get $l19
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l23
            local.get $l10
            local.get $l14
            i32.const 32
            i32.mul
            i32.add
            local.set $l24
            local.get $l24
            local.get $l20
            local.get $l22
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store align=4
            local.get $l24
            local.get $l20
            local.get $l22
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store offset=32 align=4
            local.get $l24
            local.get $l21
            local.get $l23
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store offset=64 align=4
            local.get $l24
            local.get $l21
            local.get $l23
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store offset=96 align=4
            local.get $l11
            i32.const 4
            i32.add
            local.tee $l11
            i32.const 9
            i32.lt_s
            br_if $b3
          end
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
;; f32_image__4x6x6__v4: transpose lanes=4 rows=16
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 v128)
    (local $l12 v128) (local $l13 v128) (local $l14 v128) (local $l15 v128)
    (local $l16 v128) (local $l17 v128) (local $l18 v128) (local $l19 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        i32.const 0
        local.set $l5
        i32.const 0
        local.set $l6
        local.get $p0
        local.get $l6
        i32.const 2
        i32.shl
        i32.add
        local.set $l7
        local.get $p1
        local.get $l6
        i32.const 144
        i32.mul
        i32.add
        local.set $l8
        local.get $l5
        local.set $l9
        local.get $l9
        i32.const 36
        i32.lt_s
        if $b2
          loop $b3
            local.get $l7
            local.get $l9
            i32.const 16
            i32.mul
            i32.add
            local.set $l10
            local.get $l10
            v128.load align=4
            local.set $l11
            local.get $l10
            v128.load offset=16 align=4
            local.set $l12
            local.get $l10
            v128.load offset=32 align=4
            local.set $l13
            local.get $l10
            v128.load offset=48 align=4
            local.set $l14
            local.get $l11
            local.get $l12
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l15
            local.get $l11
            local.get $l12
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l16
            local.get $l13
            local.get $l14
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l17
            local.get $l13
            local.get $l14
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l18
            local.get $l8
            local.get $l9
            i32.const 2
            i32.shl
            i32.add
            local.set $l19
            local.get $l19
            local.get $l15
            local.get $l17
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store align=4
            local.get $l19
            local.get $l15
            local.get $l17
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store offset=144 align=4
            local.get $l19
            local.get $l16
            local.get $l18
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            v128.store offset=288 align=4
            local.get $l19
            local.get $l16
            local.get $l18
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            v128.store offset=432 align=4
            local.get $l9
            i32.const 4
            i32.add
            local.tee $l9
            i32.const 36
            i32.lt_s
            br_if $b3
          end
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
