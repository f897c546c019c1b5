;; f32_averagepool__4x5x5_k2x2__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 f32) (local $l11 i32)
    (local $l12 f32) (local $l13 i32)
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
        local.set $l7
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
        local.set $l8
        i32.const 0
        local.set $l9
        loop $b2
          f32.const 0
          local.set $l10
          local.get $l7
          local.get $l9
          i32.const 2
          i32.shl
          i32.add
          local.set $l11
          local.get $l10
          local.get $l5
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          if $b3 (result f32)
            local.get $l11
            f32.load
          else
            f32.const 0
          end
          f32.add
          local.set $l10
          local.get $l10
          local.get $l5
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          if $b4 (result f32)
            local.get $l11
            f32.load offset=4
          else
            f32.const 0
          end
          f32.add
          local.set $l10
          local.get $l10
          local.get $l5
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          if $b5 (result f32)
            local.get $l11
            f32.load offset=20
          else
            f32.const 0
          end
          f32.add
          local.set $l10
          local.get $l10
          local.get $l5
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          if $b6 (result f32)
            local.get $l11
            f32.load offset=24
          else
            f32.const 0
          end
          f32.add
          local.set $l10
          f32.const 0
          local.set $l12
          local.get $l12
          f32.const 1
          f32.const 0
          local.get $l5
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          select
          f32.add
          local.set $l12
          local.get $l12
          f32.const 1
          f32.const 0
          local.get $l5
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          select
          f32.add
          local.set $l12
          local.get $l12
          f32.const 1
          f32.const 0
          local.get $l5
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 0
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          select
          f32.add
          local.set $l12
          local.get $l12
          f32.const 1
          f32.const 0
          local.get $l5
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          local.get $l9
          i32.const 1
          i32.add
          i32.const 5
          i32.lt_s
          i32.and
          select
          f32.add
          local.set $l12
          local.get $l8
          local.get $l9
          i32.const 2
          i32.shl
          i32.add
          local.set $l13
          local.get $l13
          local.get $l10
          local.get $l12
          f32.div
          f32.store
          local.get $l9
          i32.const 1
          i32.add
          local.tee $l9
          i32.const 5
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
