;; f32_layernorm__3x8_k8__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32)
    (local $l6 i32) (local $l7 v128) (local $l8 f32) (local $l9 i32)
    (local $l10 i32) (local $l11 i32) (local $l12 v128) (local $l13 v128)
    (local $l14 v128) (local $l15 v128) (local $l16 f32) (local $l17 f32)
    (local $l18 i32) (local $l19 i32) (local $l20 v128) (local $l21 v128)
    (local $l22 f32) (local $l23 f32) (local $l24 f32) (local $l25 i32)
    (local $l26 i32) (local $l27 i32) (local $l28 v128) (local $l29 i32)
    (local $l30 v128) (local $l31 i32) (local $l32 v128) (local $l33 i32)
    local.get $p4
    local.set $l6
    local.get $l6
    local.get $p5
    i32.lt_s
    if $b0
      loop $b1
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l7
        f32.const 0
        local.set $l8
        local.get $p0
        local.get $l6
        i32.const 32
        i32.mul
        i32.add
        local.set $l9
        i32.const 0
        local.set $l10
        loop $b2
          local.get $l9
          local.get $l10
          i32.const 2
          i32.shl
          i32.add
          local.set $l11
          local.get $l11
          v128.load align=4
          local.set $l12
          local.get $l7
          local.get $l12
          f32x4.add
          local.set $l7
          local.get $l10
          i32.const 4
          i32.add
          local.tee $l10
          i32.const 8
          i32.lt_s
          br_if $b2
        end
        local.get $l7
        local.set $l13
        local.get $l8
        local.get $l13
        local.set $l14
        local.get $l14
        f32x4.extract_lane 0
        local.get $l14
        f32x4.extract_lane 1
        f32.add
        local.get $l14
        f32x4.extract_lane 2
        local.get $l14
        f32x4.extract_lane 3
        f32.add
        f32.add
        f32.add
        local.set $l8
        v128.const i32x4 0x0 0x0 0x0 0x0
        local.set $l15
        f32.const 0
        local.set $l16
        local.get $l8
        f32.const 0.125
        f32.mul
        local.set $l17
        i32.const 0
        local.set $l18
        loop $b3
          local.get $l9
          local.get $l18
          i32.const 2
          i32.shl
          i32.add
          local.set $l19
          local.get $l19
          v128.load align=4
          local.set $l20
          local.get $l20
          local.get $l17
          f32x4.splat
          f32x4.sub
          local.get $l20
          local.get $l17
          f32x4.splat
          f32x4.sub
          local.get $l15
          f32x4.relaxed_madd
          local.set $l15
          local.get $l18
          i32.const 4
          i32.add
          local.tee $l18
          i32.const 8
          i32.lt_s
          br_if $b3
        end
        local.get $l15
        local.set $l21
        local.get $l16
        local.get $l21
        local.set $l14
        local.get $l14
        f32x4.extract_lane 0
        local.get $l14
        f32x4.extract_lane 1
        f32.add
        local.get $l14
        f32x4.extract_lane 2
        local.get $l14
        f32x4.extract_lane 3
        f32.add
        f32.add
        f32.add
        local.set $l16
        local.get $l16
        f32.const 0.125
        f32.mul
        local.set $l22
        local.get $l22
        f32.const 1.0E-5
        f32.add
        local.set $l23
        f32.const 1
        local.get $l23
        f32.sqrt
        f32.div
        local.set $l24
        local.get $p3
        local.get $l6
        i32.const 32
        i32.mul
        i32.add
        local.set $l25
        i32.const 0
        local.set $l26
        loop $b4
          local.get $l9
          local.get $l26
          i32.const 2
          i32.shl
          i32.add
          local.set $l27
          local.get $l27
          v128.load align=4
          local.set $l28
          local.get $p1
          local.get $l26
          i32.const 2
          i32.shl
          i32.add
          local.set $l29
          local.get $l29
          v128.load align=4
          local.set $l30
          local.get $p2
          local.get $l26
          i32.const 2
          i32.shl
          i32.add
          local.set $l31
          local.get $l31
          v128.load align=4
          local.set $l32
          local.get $l25
          local.get $l26
          i32.const 2
          i32.shl
          i32.add
          local.set $l33
          local.get $l33
          local.get $l28
          local.get $l17
          f32x4.splat
          f32x4.sub
          local.get $l24
          f32x4.splat
          f32x4.mul
          local.get $l30
          local.get $l32
          f32x4.relaxed_madd
          v128.store align=4
          local.get $l26
          i32.const 4
          i32.add
          local.tee $l26
          i32.const 8
          i32.lt_s
          br_if $b4
        end
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
)
