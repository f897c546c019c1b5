;; f32_maxpool__4x2x2_k2x2__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 f32) (local $l9 f32) (local $l10 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $l4
        i32.const 1
        i32.and
        local.set $l5
        local.get $l4
        i32.const 1
        i32.shr_u
        local.set $l6
        local.get $p0
        local.get $l5
        i32.const 1
        i32.shl
        local.get $l6
        i32.const 3
        i32.shl
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l7
        local.get $l7
        f32.load
        local.set $l8
        local.get $l8
        local.get $l7
        f32.load offset=4
        f32.max
        local.set $l8
        local.get $l8
        local.get $l7
        f32.load offset=16
        f32.max
        local.set $l8
        local.get $l8
        local.get $l7
        f32.load offset=20
        f32.max
        local.set $l8
        local.get $l8
        local.set $l9
        local.get $p1
        local.get $l5
        local.get $l6
        i32.const 1
        i32.shl
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l10
        local.get $l10
        local.get $l9
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
