;; f32_softmax__3x7_k7__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 v128) (local $l6 f32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 v128) (local $l11 v128)
    (local $l12 i32) (local $l13 i32) (local $l14 v128) (local $l15 v128)
    (local $l16 f32) (local $l17 i32) (local $l18 i32) (local $l19 i32)
    (local $l20 v128) (local $l21 v128) (local $l22 v128) (local $l23 v128)
    (local $l24 v128) (local $l25 v128) (local $l26 v128) (local $l27 v128)
    (local $l28 i32) (local $l29 i32) (local $l30 i32) (local $l31 f32)
    (local $l32 f32) (local $l33 f32) (local $l34 f32) (local $l35 f32)
    (local $l36 i32) (local $l37 i32) (local $l38 f32) (local $l39 i32)
    (local $l40 v128) (local $l41 f32) (local $l42 i32) (local $l43 i32)
    (local $l44 v128) (local $l45 i32) (local $l46 i32) (local $l47 f32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        v128.const i32x4 0xff800000 0xff800000 0xff800000 0xff800000
        local.set $l5
        f32.const -inf
        local.set $l6
        local.get $p0
        local.get $l4
        i32.const 28
        i32.mul
        i32.add
        local.set $l7
        i32.const 0
        local.set $l8
        local.get $l7
        local.get $l8
        i32.const 2
        i32.shl
        i32.add
        local.set $l9
        local.get $l9
        v128.load align=4
        local.set $l10
        local.get $l5
        local.get $l10
        local.set $l11
        local.get $l11
        f32x4.pmax
        local.get $l11
        local.get $l11
        f32x4.ne
        v128.or
        local.set $l5
        i32.const 4
        local.set $l12
        loop $b2
          local.get $l7
          local.get $l12
          i32.const 2
          i32.shl
          i32.add
          local.set $l13
          local.get $l6
          local.get $l13
          f32.load
          f32.max
          local.set $l6
          local.get $l12
          i32.const 1
          i32.add
          local.tee $l12
          i32.const 7
          i32.lt_s
          br_if $b2
        end
        local.get $l5
        local.set $l14
        local.get $l6
        local.get $l14
        local.set $l11
        local.get $l11
        f32x4.extract_lane 0
        local.get $l11
        f32x4.extract_lane 1
        f32.max
        local.get $l11
        f32x4.extract_lane 2
        local.get $l11
        f32x4.extract_lane 3
        f32.max
        f32.max
        f32.max
        local.set $l6
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l15
        f32.const 0
        local.set $l16
        local.get $p1
        local.get $l4
        i32.const 28
        i32.mul
        i32.add
        local.set $l17
        i32.const 0
        local.set $l18
        local.get $l7
        local.get $l18
        i32.const 2
        i32.shl
        i32.add
        local.set $l19
        local.get $l19
        v128.load align=4
        local.set $l20
        local.get $l20
        local.get $l6
        f32x4.splat
        f32x4.sub
        v128.const i32x4 0x42b40000 0x42b40000 0x42b40000 0x42b40000
        f32x4.pmin
        v128.const i32x4 0xc2d00000 0xc2d00000 0xc2d00000 0xc2d00000
        f32x4.pmax
        local.set $l11
        local.get $l11
        v128.const i32x4 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b
        v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
        f32x4.relaxed_madd
        local.set $l21
        local.get $l21
        v128.const i32x4 0xcb400000 0xcb400000 0xcb400000 0xcb400000
        f32x4.add
        local.set $l22
        local.get $l22
        v128.const i32x4 0xbf318000 0xbf318000 0xbf318000 0xbf318000
        local.get $l11
        f32x4.relaxed_madd
        local.set $l23
        local.get $l22
        v128.const i32x4 0x395e8083 0x395e8083 0x395e8083 0x395e8083
        local.get $l23
        f32x4.relaxed_madd
        local.set $l24
        v128.const i32x4 0x3ab6dade 0x3ab6dade 0x3ab6dade 0x3ab6dade
        local.get $l24
        v128.const i32x4 0x3c091e3c 0x3c091e3c 0x3c091e3c 0x3c091e3c
        f32x4.relaxed_madd
        local.get $l24
        v128.const i32x4 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e
        f32x4.relaxed_madd
        local.get $l24
        v128.const i32x4 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47
        f32x4.relaxed_madd
        local.get $l24
        v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000
        f32x4.relaxed_madd
        local.get $l24
        f32x4.mul
        local.get $l24
        local.get $l24
        f32x4.relaxed_madd
        v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
        f32x4.add
        local.get $l21
        v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
        i32x4.sub
        local.set $l25
        local.get $l25
        i32.const 1
        i32x4.shr_s
        local.set $l26
        local.get $l26
        v128.const i32x4 0x7f 0x7f 0x7f 0x7f
        i32x4.add
        i32.const 23
        i32x4.shl
        f32x4.mul
        local.get $l25
        local.get $l26
        i32x4.sub
        v128.const i32x4 0x7f 0x7f 0x7f 0x7f
        i32x4.add
        i32.const 23
        i32x4.shl
        f32x4.mul
        local.set $l27
        local.get $l17
        local.get $l18
        i32.const 2
        i32.shl
        i32.add
        local.set $l28
        local.get $l28
        local.get $l27
        v128.store align=4
        local.get $l15
        local.get $l27
        f32x4.add
        local.set $l15
        i32.const 4
        local.set $l29
        loop $b3
          local.get $l7
          local.get $l29
          i32.const 2
          i32.shl
          i32.add
          local.set $l30
          local.get $l30
          f32.load
          local.get $l6
          f32.sub
          f32.const 90
          f32.min
          f32.const -104
          f32.max
          local.set $l31
          local.get $l31
          f32.const 1.442695
          f32.mul
          f32.const 1.2582912E7
          f32.add
          local.set $l32
          local.get $l32
          f32.const -1.2582912E7
          f32.add
          local.set $l33
          local.get $l33
          f32.const -0.6933594
          f32.mul
          local.get $l31
          f32.add
          local.set $l34
          local.get $l33
          f32.const 2.1219444E-4
          f32.mul
          local.get $l34
          f32.add
          local.set $l35
          f32.const 0.0013950726
          local.get $l35
          f32.mul
          f32.const 0.008369025
          f32.add
          local.get $l35
          f32.mul
          f32.const 0.041666202
          f32.add
          local.get $l35
          f32.mul
          f32.const 0.16666518
          f32.add
          local.get $l35
          f32.mul
          f32.const 0.5
          f32.add
          local.get $l35
          f32.mul
          local.get $l35
          f32.mul
          local.get $l35
          f32.add
          f32.const 1
          f32.add
          local.get $l32
          i32.reinterpret_f32
          i32.const 1262485504
          i32.sub
          local.set $l36
          local.get $l36
          i32.const 1
          i32.shr_s
          local.set $l37
          local.get $l37
          i32.const 127
          i32.add
          i32.const 23
          i32.shl
          f32.reinterpret_i32
          f32.mul
          local.get $l36
          local.get $l37
          i32.sub
          i32.const 127
          i32.add
          i32.const 23
          i32.shl
          f32.reinterpret_i32
          f32.mul
          local.set $l38
          local.get $l17
          local.get $l29
          i32.const 2
          i32.shl
          i32.add
          local.set $l39
          local.get $l39
          local.get $l38
          f32.store
          local.get $l16
          local.get $l38
          f32.add
          local.set $l16
          local.get $l29
          i32.const 1
          i32.add
          local.tee $l29
          i32.const 7
          i32.lt_s
          br_if $b3
        end
        local.get $l15
        local.set $l40
        local.get $l16
        local.get $l40
        local.set $l11
        local.get $l11
        f32x4.extract_lane 0
        local.get $l11
        f32x4.extract_lane 1
        f32.add
        local.get $l11
        f32x4.extract_lane 2
        local.get $l11
        f32x4.extract_lane 3
        f32.add
        f32.add
        f32.add
        local.set $l16
        f32.const 1
        local.get $l16
        f32.div
        local.set $l41
        i32.const 0
        local.set $l42
        local.get $l17
        local.get $l42
        i32.const 2
        i32.shl
        i32.add
        local.set $l43
        local.get $l43
        v128.load align=4
        local.set $l44
        local.get $l43
        local.get $l44
        local.get $l41
        f32x4.splat
        f32x4.mul
        v128.store align=4
        i32.const 4
        local.set $l45
        loop $b4
          local.get $l17
          local.get $l45
          i32.const 2
          i32.shl
          i32.add
          local.set $l46
          local.get $l46
          f32.load
          local.set $l47
          local.get $l46
          local.get $l47
          local.get $l41
          f32.mul
          f32.store
          local.get $l45
          i32.const 1
          i32.add
          local.tee $l45
          i32.const 7
          i32.lt_s
          br_if $b4
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
