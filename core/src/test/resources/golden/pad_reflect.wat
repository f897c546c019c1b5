;; f32_pad__4x7__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32) (local $l13 i32) (local $l14 i32) (local $l15 i32)
    (local $l16 i32) (local $l17 i32) (local $l18 i32) (local $l19 i32)
    (local $l20 i32) (local $l21 i32) (local $l22 i32) (local $l23 i32)
    (local $l24 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $l4
        i32.const -1
        i32.add
        local.set $l5
        local.get $l5
        i32.const 3
        i32.and
        local.set $l6
        i32.const 4
        local.get $l6
        i32.sub
        local.set $l7
        local.get $l6
        local.get $l7
        local.set $l8
        local.set $l9
        local.get $l9
        local.get $l8
        local.get $l9
        local.get $l8
        i32.lt_s
        select
        local.set $l10
        local.get $p0
        local.get $l10
        i32.const 16
        i32.mul
        i32.add
        local.set $l11
        local.get $p1
        local.get $l4
        i32.const 28
        i32.mul
        i32.add
        local.set $l12
        i32.const 0
        local.set $l13
        loop $b2
          local.get $l13
          i32.const 3
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i32.lt_s
          select
          local.set $l14
          local.get $l14
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b3 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.const 6
          local.get $l14
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b4 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.sub
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i32.lt_s
          select
          local.set $l16
          local.get $l11
          local.get $l16
          i32.const 2
          i32.shl
          i32.add
          local.set $l17
          local.get $l14
          i32.const 1
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b5 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.const 6
          local.get $l14
          i32.const 1
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b6 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.sub
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i32.lt_s
          select
          local.set $l18
          local.get $l11
          local.get $l18
          i32.const 2
          i32.shl
          i32.add
          local.set $l19
          local.get $l14
          i32.const 2
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b7 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.const 6
          local.get $l14
          i32.const 2
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b8 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.sub
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i32.lt_s
          select
          local.set $l20
          local.get $l11
          local.get $l20
          i32.const 2
          i32.shl
          i32.add
          local.set $l21
          local.get $l14
          i32.const 3
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b9 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.const 6
          local.get $l14
          i32.const 3
          i32.add
          i32.const -1
          i32.add
          i32.const 6
          local.set $l8
          local.set $l9
          local.get $l8
          i32.eqz
          if $b10 (result i32)
            i32.const 0
          else
            local.get $l9
            local.get $l8
            i32.rem_s
          end
          local.tee $l15
          local.get $l8
          i32.const 0
          local.get $l15
          local.get $l8
          i32.xor
          i32.const 0
          i32.lt_s
          local.get $l15
          i32.const 0
          i32.ne
          i32.and
          select
          i32.add
          i32.sub
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i32.lt_s
          select
          local.set $l22
          local.get $l11
          local.get $l22
          i32.const 2
          i32.shl
          i32.add
          local.set $l23
          local.get $l12
          local.get $l14
          i32.const 2
          i32.shl
          i32.add
          local.set $l24
          local.get $l24
          local.get $l17
          f32.load
          f32x4.splat
          local.get $l19
          f32.load
          f32x4.replace_lane 1
          local.get $l21
          f32.load
          f32x4.replace_lane 2
          local.get $l23
          f32.load
          f32x4.replace_lane 3
          v128.store align=4
          local.get $l13
          i32.const 4
          i32.add
          local.tee $l13
          i32.const 7
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
