;; f32_matmul_add__5x10_k3__t3x12u8: contraction mr=3 nr=12 unroll=8 kc=0 outer=0 mc=1 pack=1 ahead=0 streams=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32 i32)))
  (type $t1 (func (param i32 i32 i32 i32 i32 i32 i32)))
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
        local.get $l6
        local.set $l7
        local.get $p0
        local.get $p1
        local.get $p2
        local.get $p3
        i32.const 0
        i32.const 3
        local.get $l7
        call $f1
        local.get $p0
        local.get $p1
        local.get $p2
        local.get $p3
        i32.const 3
        i32.const 6
        local.get $l7
        call $f2
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
  (func $f1 (type $t1) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32) (param $p6 i32)
    (local $l7 i32) (local $l8 i32) (local $l9 i32) (local $l10 i32)
    (local $l11 i32) (local $l12 v128) (local $l13 v128) (local $l14 v128)
    (local $l15 v128) (local $l16 v128) (local $l17 v128) (local $l18 v128)
    (local $l19 v128) (local $l20 v128) (local $l21 i32) (local $l22 i32)
    (local $l23 i32) (local $l24 v128) (local $l25 v128) (local $l26 v128)
    (local $l27 v128) (local $l28 v128) (local $l29 v128) (local $l30 v128)
    (local $l31 v128) (local $l32 v128) (local $l33 v128) (local $l34 v128)
    (local $l35 v128) (local $l36 v128) (local $l37 v128) (local $l38 v128)
    (local $l39 v128) (local $l40 v128) (local $l41 v128) (local $l42 v128)
    (local $l43 i32) (local $l44 v128) (local $l45 v128)
    local.get $p6
    i32.const 12
    i32.mul
    local.set $l7
    local.get $p1
    local.get $p6
    i32.const 144
    i32.mul
    i32.add
    local.set $l8
    local.get $p2
    local.get $l7
    i32.const 2
    i32.shl
    i32.add
    local.set $l9
    local.get $p3
    local.get $l7
    i32.const 2
    i32.shl
    i32.add
    local.set $l10
    local.get $p4
    local.set $l11
    local.get $l11
    local.get $p5
    i32.lt_s
    if $b0
      loop $b1
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
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l18
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l19
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l20
        local.get $p0
        local.get $l11
        i32.const 12
        i32.mul
        i32.add
        local.set $l21
        local.get $l8
        local.set $l22
        local.get $l21
        local.set $l23
        local.get $l22
        v128.load align=4
        local.set $l24
        local.get $l22
        v128.load offset=16 align=4
        local.set $l25
        local.get $l22
        v128.load offset=32 align=4
        local.set $l26
        local.get $l23
        v128.load32_splat
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
        local.get $l27
        local.get $l26
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l23
        v128.load32_splat offset=12
        local.set $l28
        local.get $l28
        local.get $l24
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l28
        local.get $l25
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l28
        local.get $l26
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l23
        v128.load32_splat offset=24
        local.set $l29
        local.get $l29
        local.get $l24
        local.get $l18
        f32x4.relaxed_madd
        local.set $l18
        local.get $l29
        local.get $l25
        local.get $l19
        f32x4.relaxed_madd
        local.set $l19
        local.get $l29
        local.get $l26
        local.get $l20
        f32x4.relaxed_madd
        local.set $l20
        local.get $l23
        i32.const 4
        i32.add
        local.set $l23
        local.get $l22
        v128.load offset=48 align=4
        local.set $l30
        local.get $l22
        v128.load offset=64 align=4
        local.set $l31
        local.get $l22
        v128.load offset=80 align=4
        local.set $l32
        local.get $l23
        v128.load32_splat
        local.set $l33
        local.get $l33
        local.get $l30
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l33
        local.get $l31
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l33
        local.get $l32
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l23
        v128.load32_splat offset=12
        local.set $l34
        local.get $l34
        local.get $l30
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l34
        local.get $l31
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l34
        local.get $l32
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l23
        v128.load32_splat offset=24
        local.set $l35
        local.get $l35
        local.get $l30
        local.get $l18
        f32x4.relaxed_madd
        local.set $l18
        local.get $l35
        local.get $l31
        local.get $l19
        f32x4.relaxed_madd
        local.set $l19
        local.get $l35
        local.get $l32
        local.get $l20
        f32x4.relaxed_madd
        local.set $l20
        local.get $l23
        i32.const 4
        i32.add
        local.set $l23
        local.get $l22
        v128.load offset=96 align=4
        local.set $l36
        local.get $l22
        v128.load offset=112 align=4
        local.set $l37
        local.get $l22
        v128.load offset=128 align=4
        local.set $l38
        local.get $l23
        v128.load32_splat
        local.set $l39
        local.get $l39
        local.get $l36
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l39
        local.get $l37
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l39
        local.get $l38
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l23
        v128.load32_splat offset=12
        local.set $l40
        local.get $l40
        local.get $l36
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l40
        local.get $l37
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l40
        local.get $l38
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l23
        v128.load32_splat offset=24
        local.set $l41
        local.get $l41
        local.get $l36
        local.get $l18
        f32x4.relaxed_madd
        local.set $l18
        local.get $l41
        local.get $l37
        local.get $l19
        f32x4.relaxed_madd
        local.set $l19
        local.get $l41
        local.get $l38
        local.get $l20
        f32x4.relaxed_madd
        local.set $l20
        local.get $l23
        i32.const 4
        i32.add
        local.set $l23
        local.get $l22
        i32.const 144
        i32.add
        local.set $l22
        local.get $l9
        v128.load align=4
        local.set $l42
        local.get $l10
        local.get $l11
        i32.const 40
        i32.mul
        i32.add
        local.set $l43
        local.get $l43
        local.get $l12
        local.get $l42
        f32x4.add
        v128.store align=4
        local.get $l43
        local.get $l15
        local.get $l42
        f32x4.add
        v128.store offset=40 align=4
        local.get $l43
        local.get $l18
        local.get $l42
        f32x4.add
        v128.store offset=80 align=4
        local.get $l9
        v128.load offset=16 align=4
        local.set $l44
        local.get $l43
        local.get $l13
        local.get $l44
        f32x4.add
        v128.store offset=16 align=4
        local.get $l43
        local.get $l16
        local.get $l44
        f32x4.add
        v128.store offset=56 align=4
        local.get $l43
        local.get $l19
        local.get $l44
        f32x4.add
        v128.store offset=96 align=4
        local.get $l9
        v128.load offset=32 align=4
        local.set $l45
        local.get $l43
        local.get $l14
        local.get $l45
        f32x4.add
        v128.store64_lane offset=32 align=4 0
        local.get $l43
        local.get $l17
        local.get $l45
        f32x4.add
        v128.store64_lane offset=72 align=4 0
        local.get $l43
        local.get $l20
        local.get $l45
        f32x4.add
        v128.store64_lane offset=112 align=4 0
        local.get $l11
        i32.const 3
        i32.add
        local.tee $l11
        local.get $p5
        i32.lt_s
        br_if $b1
      end
    end
  )
  (func $f2 (type $t1) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32) (param $p6 i32)
    (local $l7 i32) (local $l8 i32) (local $l9 i32) (local $l10 i32)
    (local $l11 i32) (local $l12 v128) (local $l13 v128) (local $l14 v128)
    (local $l15 v128) (local $l16 v128) (local $l17 v128) (local $l18 i32)
    (local $l19 i32) (local $l20 i32) (local $l21 v128) (local $l22 v128)
    (local $l23 v128) (local $l24 v128) (local $l25 v128) (local $l26 v128)
    (local $l27 v128) (local $l28 v128) (local $l29 v128) (local $l30 v128)
    (local $l31 v128) (local $l32 v128) (local $l33 v128) (local $l34 v128)
    (local $l35 v128) (local $l36 v128) (local $l37 i32) (local $l38 v128)
    (local $l39 v128)
    local.get $p6
    i32.const 12
    i32.mul
    local.set $l7
    local.get $p1
    local.get $p6
    i32.const 144
    i32.mul
    i32.add
    local.set $l8
    local.get $p2
    local.get $l7
    i32.const 2
    i32.shl
    i32.add
    local.set $l9
    local.get $p3
    local.get $l7
    i32.const 2
    i32.shl
    i32.add
    local.set $l10
    local.get $p4
    local.set $l11
    local.get $l11
    local.get $p5
    i32.lt_s
    if $b0
      loop $b1
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
        local.get $p0
        local.get $l11
        i32.const 12
        i32.mul
        i32.add
        local.set $l18
        local.get $l8
        local.set $l19
        local.get $l18
        local.set $l20
        local.get $l19
        v128.load align=4
        local.set $l21
        local.get $l19
        v128.load offset=16 align=4
        local.set $l22
        local.get $l19
        v128.load offset=32 align=4
        local.set $l23
        local.get $l20
        v128.load32_splat
        local.set $l24
        local.get $l24
        local.get $l21
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l24
        local.get $l22
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l24
        local.get $l23
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l20
        v128.load32_splat offset=12
        local.set $l25
        local.get $l25
        local.get $l21
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l25
        local.get $l22
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l25
        local.get $l23
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l20
        i32.const 4
        i32.add
        local.set $l20
        local.get $l19
        v128.load offset=48 align=4
        local.set $l26
        local.get $l19
        v128.load offset=64 align=4
        local.set $l27
        local.get $l19
        v128.load offset=80 align=4
        local.set $l28
        local.get $l20
        v128.load32_splat
        local.set $l29
        local.get $l29
        local.get $l26
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l29
        local.get $l27
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l29
        local.get $l28
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l20
        v128.load32_splat offset=12
        local.set $l30
        local.get $l30
        local.get $l26
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l30
        local.get $l27
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l30
        local.get $l28
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l20
        i32.const 4
        i32.add
        local.set $l20
        local.get $l19
        v128.load offset=96 align=4
        local.set $l31
        local.get $l19
        v128.load offset=112 align=4
        local.set $l32
        local.get $l19
        v128.load offset=128 align=4
        local.set $l33
        local.get $l20
        v128.load32_splat
        local.set $l34
        local.get $l34
        local.get $l31
        local.get $l12
        f32x4.relaxed_madd
        local.set $l12
        local.get $l34
        local.get $l32
        local.get $l13
        f32x4.relaxed_madd
        local.set $l13
        local.get $l34
        local.get $l33
        local.get $l14
        f32x4.relaxed_madd
        local.set $l14
        local.get $l20
        v128.load32_splat offset=12
        local.set $l35
        local.get $l35
        local.get $l31
        local.get $l15
        f32x4.relaxed_madd
        local.set $l15
        local.get $l35
        local.get $l32
        local.get $l16
        f32x4.relaxed_madd
        local.set $l16
        local.get $l35
        local.get $l33
        local.get $l17
        f32x4.relaxed_madd
        local.set $l17
        local.get $l20
        i32.const 4
        i32.add
        local.set $l20
        local.get $l19
        i32.const 144
        i32.add
        local.set $l19
        local.get $l9
        v128.load align=4
        local.set $l36
        local.get $l10
        local.get $l11
        i32.const 40
        i32.mul
        i32.add
        local.set $l37
        local.get $l37
        local.get $l12
        local.get $l36
        f32x4.add
        v128.store align=4
        local.get $l37
        local.get $l15
        local.get $l36
        f32x4.add
        v128.store offset=40 align=4
        local.get $l9
        v128.load offset=16 align=4
        local.set $l38
        local.get $l37
        local.get $l13
        local.get $l38
        f32x4.add
        v128.store offset=16 align=4
        local.get $l37
        local.get $l16
        local.get $l38
        f32x4.add
        v128.store offset=56 align=4
        local.get $l9
        v128.load offset=32 align=4
        local.set $l39
        local.get $l37
        local.get $l14
        local.get $l39
        f32x4.add
        v128.store64_lane offset=32 align=4 0
        local.get $l37
        local.get $l17
        local.get $l39
        f32x4.add
        v128.store64_lane offset=72 align=4 0
        local.get $l11
        i32.const 3
        i32.add
        local.tee $l11
        local.get $p5
        i32.lt_s
        br_if $b1
      end
    end
  )
)
;; f32_pack__3x12__v4: mapreduce lanes=4 tile=1
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
        i32.const 40
        i32.mul
        i32.add
        local.set $l5
        local.get $p1
        local.get $l4
        i32.const 48
        i32.mul
        i32.add
        local.set $l6
        i32.const 0
        local.set $l7
        loop $b2
          local.get $l7
          i32.const 6
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
          i32.const 10
          i32.lt_s
          br_if $b2
        end
        i32.const 10
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
          i32.const 10
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
          i32.const 12
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
