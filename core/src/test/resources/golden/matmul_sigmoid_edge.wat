;; f32_matmul_sigmoid__3x5_k2__t3x8u8: contraction mr=3 nr=8 unroll=8 kc=0 outer=0 mc=1 pack=1 ahead=0 streams=1
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
        i32.const 3
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
    (local $l14 v128) (local $l15 v128) (local $l16 i32) (local $l17 i32)
    (local $l18 i32) (local $l19 v128) (local $l20 v128) (local $l21 v128)
    (local $l22 v128) (local $l23 v128) (local $l24 v128) (local $l25 v128)
    (local $l26 v128) (local $l27 v128) (local $l28 v128) (local $l29 i32)
    (local $l30 i32) (local $l31 i32) (local $l32 i32) (local $l33 v128)
    (local $l34 v128) (local $l35 v128) (local $l36 v128) (local $l37 v128)
    (local $l38 v128) (local $l39 v128) (local $l40 v128) (local $l41 v128)
    (local $l42 v128)
    local.get $p5
    i32.const 3
    i32.shl
    local.set $l6
    local.get $p1
    local.get $p5
    i32.const 64
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
        local.get $p0
        local.get $l9
        i32.const 8
        i32.mul
        i32.add
        local.set $l16
        local.get $l7
        local.set $l17
        local.get $l16
        local.set $l18
        local.get $l17
        v128.load align=4
        local.set $l19
        local.get $l17
        v128.load offset=16 align=4
        local.set $l20
        local.get $l18
        v128.load32_splat
        local.set $l21
        local.get $l21
        local.get $l19
        local.get $l10
        f32x4.relaxed_madd
        local.set $l10
        local.get $l21
        local.get $l20
        local.get $l11
        f32x4.relaxed_madd
        local.set $l11
        local.get $l18
        v128.load32_splat offset=8
        local.set $l22
        local.get $l22
        local.get $l19
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l22
        local.get $l20
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l18
        v128.load32_splat offset=16
        local.set $l23
        local.get $l23
        local.get $l19
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l23
        local.get $l20
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l18
        i32.const 4
        i32.add
        local.set $l18
        local.get $l17
        v128.load offset=32 align=4
        local.set $l24
        local.get $l17
        v128.load offset=48 align=4
        local.set $l25
        local.get $l18
        v128.load32_splat
        local.set $l26
        local.get $l26
        local.get $l24
        local.get $l10
        f32x4.relaxed_madd
        local.set $l10
        local.get $l26
        local.get $l25
        local.get $l11
        f32x4.relaxed_madd
        local.set $l11
        local.get $l18
        v128.load32_splat offset=8
        local.set $l27
        local.get $l27
        local.get $l24
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l27
        local.get $l25
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l18
        v128.load32_splat offset=16
        local.set $l28
        local.get $l28
        local.get $l24
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l28
        local.get $l25
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l18
        i32.const 4
        i32.add
        local.set $l18
        local.get $l17
        i32.const 64
        i32.add
        local.set $l17
        local.get $l8
        local.get $l9
        i32.const 20
        i32.mul
        i32.add
        local.set $l29
        local.get $l29
        local.get $l10
        v128.store align=4
        local.get $l29
        local.get $l12
        v128.store offset=20 align=4
        local.get $l29
        local.get $l14
        v128.store offset=40 align=4
        local.get $l29
        local.get $l11
        v128.store32_lane offset=16 0
        local.get $l29
        local.get $l13
        v128.store32_lane offset=36 0
        local.get $l29
        local.get $l15
        v128.store32_lane offset=56 0
        i32.const 0
        local.set $l30
        loop $b2
          local.get $l9
          local.get $l30
          i32.add
          local.set $l31
          local.get $l8
          local.get $l31
          i32.const 20
          i32.mul
          i32.add
          local.set $l32
          local.get $l32
          v128.load align=4
          local.set $l33
          local.get $l32
          local.get $l33
          f32x4.neg
          v128.const i32x4 0x42b40000 0x42b40000 0x42b40000 0x42b40000
          f32x4.pmin
          v128.const i32x4 0xc2d00000 0xc2d00000 0xc2d00000 0xc2d00000
          f32x4.pmax
          local.set $l34
          local.get $l34
          v128.const i32x4 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b
          v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
          f32x4.relaxed_madd
          local.set $l35
          local.get $l35
          v128.const i32x4 0xcb400000 0xcb400000 0xcb400000 0xcb400000
          f32x4.add
          local.set $l36
          local.get $l36
          v128.const i32x4 0xbf318000 0xbf318000 0xbf318000 0xbf318000
          local.get $l34
          f32x4.relaxed_madd
          local.set $l37
          local.get $l36
          v128.const i32x4 0x395e8083 0x395e8083 0x395e8083 0x395e8083
          local.get $l37
          f32x4.relaxed_madd
          local.set $l38
          v128.const i32x4 0x3ab6dade 0x3ab6dade 0x3ab6dade 0x3ab6dade
          local.get $l38
          v128.const i32x4 0x3c091e3c 0x3c091e3c 0x3c091e3c 0x3c091e3c
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000
          f32x4.relaxed_madd
          local.get $l38
          f32x4.mul
          local.get $l38
          local.get $l38
          f32x4.relaxed_madd
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          f32x4.add
          local.get $l35
          v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
          i32x4.sub
          local.set $l39
          local.get $l39
          i32.const 1
          i32x4.shr_s
          local.set $l40
          local.get $l40
          v128.const i32x4 0x7f 0x7f 0x7f 0x7f
          i32x4.add
          i32.const 23
          i32x4.shl
          f32x4.mul
          local.get $l39
          local.get $l40
          i32x4.sub
          v128.const i32x4 0x7f 0x7f 0x7f 0x7f
          i32x4.add
          i32.const 23
          i32x4.shl
          f32x4.mul
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          f32x4.add
          local.set $l41
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          local.get $l41
          f32x4.div
          v128.store align=4
          local.get $l32
          v128.load offset=16 align=4
          local.set $l42
          local.get $l32
          local.get $l42
          f32x4.neg
          v128.const i32x4 0x42b40000 0x42b40000 0x42b40000 0x42b40000
          f32x4.pmin
          v128.const i32x4 0xc2d00000 0xc2d00000 0xc2d00000 0xc2d00000
          f32x4.pmax
          local.set $l34
          local.get $l34
          v128.const i32x4 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b 0x3fb8aa3b
          v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
          f32x4.relaxed_madd
          local.set $l35
          local.get $l35
          v128.const i32x4 0xcb400000 0xcb400000 0xcb400000 0xcb400000
          f32x4.add
          local.set $l36
          local.get $l36
          v128.const i32x4 0xbf318000 0xbf318000 0xbf318000 0xbf318000
          local.get $l34
          f32x4.relaxed_madd
          local.set $l37
          local.get $l36
          v128.const i32x4 0x395e8083 0x395e8083 0x395e8083 0x395e8083
          local.get $l37
          f32x4.relaxed_madd
          local.set $l38
          v128.const i32x4 0x3ab6dade 0x3ab6dade 0x3ab6dade 0x3ab6dade
          local.get $l38
          v128.const i32x4 0x3c091e3c 0x3c091e3c 0x3c091e3c 0x3c091e3c
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e 0x3d2aaa2e
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47 0x3e2aaa47
          f32x4.relaxed_madd
          local.get $l38
          v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000
          f32x4.relaxed_madd
          local.get $l38
          f32x4.mul
          local.get $l38
          local.get $l38
          f32x4.relaxed_madd
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          f32x4.add
          local.get $l35
          v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000
          i32x4.sub
          local.set $l39
          local.get $l39
          i32.const 1
          i32x4.shr_s
          local.set $l40
          local.get $l40
          v128.const i32x4 0x7f 0x7f 0x7f 0x7f
          i32x4.add
          i32.const 23
          i32x4.shl
          f32x4.mul
          local.get $l39
          local.get $l40
          i32x4.sub
          v128.const i32x4 0x7f 0x7f 0x7f 0x7f
          i32x4.add
          i32.const 23
          i32x4.shl
          f32x4.mul
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          f32x4.add
          local.set $l41
          v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
          local.get $l41
          f32x4.div
          v128.store32_lane offset=16 0
          local.get $l30
          i32.const 1
          i32.add
          local.tee $l30
          i32.const 3
          i32.lt_s
          br_if $b2
        end
        local.get $l9
        i32.const 3
        i32.add
        local.tee $l9
        local.get $p4
        i32.lt_s
        br_if $b1
      end
    end
  )
)
;; f32_pack__2x8__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 v128) (local $l13 i32) (local $l14 i32) (local $l15 i32)
    (local $l16 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $p0
        local.get $l4
        i32.const 20
        i32.mul
        i32.add
        local.set $l5
        local.get $p1
        local.get $l4
        i32.const 32
        i32.mul
        i32.add
        local.set $l6
        i32.const 0
        local.set $l7
        loop $b2
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
          local.get $l5
          local.get $l10
          i32.const 2
          i32.shl
          i32.add
          local.set $l11
          local.get $l11
          v128.load align=4
          local.set $l12
          local.get $l6
          local.get $l10
          i32.const 2
          i32.shl
          i32.add
          local.set $l13
          local.get $l13
          local.get $l12
          v128.store align=4
          local.get $l7
          i32.const 4
          i32.add
          local.tee $l7
          i32.const 5
          i32.lt_s
          br_if $b2
        end
        i32.const 5
        local.set $l14
        loop $b3
          local.get $l5
          local.get $l14
          i32.const 2
          i32.shl
          i32.add
          local.set $l15
          local.get $l6
          local.get $l14
          i32.const 2
          i32.shl
          i32.add
          local.set $l16
          local.get $l16
          local.get $l14
          i32.const 5
          i32.lt_s
          if $b4 (result f32)
            local.get $l15
            f32.load
          else
            f32.const 0
          end
          f32.store
          local.get $l14
          i32.const 1
          i32.add
          local.tee $l14
          i32.const 8
          i32.lt_s
          br_if $b3
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
