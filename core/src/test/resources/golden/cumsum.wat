;; f32_cumsum__2x5_k5__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 f32)
    (local $l8 i32) (local $l9 i32)
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
        f32.const 0
        local.set $l7
        local.get $p0
        local.get $l6
        i32.const 20
        i32.mul
        i32.add
        local.set $l8
        local.get $l7
        i32.const 0
        local.get $l5
        i32.le_s
        if $b2 (result f32)
          local.get $l8
          f32.load
        else
          f32.const 0
        end
        f32.add
        local.set $l7
        local.get $l7
        i32.const 1
        local.get $l5
        i32.le_s
        if $b3 (result f32)
          local.get $l8
          f32.load offset=4
        else
          f32.const 0
        end
        f32.add
        local.set $l7
        local.get $l7
        i32.const 2
        local.get $l5
        i32.le_s
        if $b4 (result f32)
          local.get $l8
          f32.load offset=8
        else
          f32.const 0
        end
        f32.add
        local.set $l7
        local.get $l7
        i32.const 3
        local.get $l5
        i32.le_s
        if $b5 (result f32)
          local.get $l8
          f32.load offset=12
        else
          f32.const 0
        end
        f32.add
        local.set $l7
        local.get $l7
        i32.const 4
        local.get $l5
        i32.le_s
        if $b6 (result f32)
          local.get $l8
          f32.load offset=16
        else
          f32.const 0
        end
        f32.add
        local.set $l7
        local.get $p1
        local.get $l6
        i32.const 5
        i32.mul
        local.get $l5
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l9
        local.get $l9
        local.get $l7
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
