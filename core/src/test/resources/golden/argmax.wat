;; i64_argmax__3_k7__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 f32) (local $l7 f32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $p0
        local.get $l4
        i32.const 28
        i32.mul
        i32.add
        local.set $l5
        local.get $l5
        f32.load
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=4
        f32.max
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=8
        f32.max
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=12
        f32.max
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=16
        f32.max
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=20
        f32.max
        local.set $l6
        local.get $l6
        local.get $l5
        f32.load offset=24
        f32.max
        local.set $l6
        local.get $l6
        local.set $l7
        i32.const 0
        i32.const 7
        local.get $l5
        f32.load
        local.get $l7
        f32.eq
        select
        local.set $l8
        local.get $l8
        i32.const 1
        i32.const 7
        local.get $l5
        f32.load offset=4
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        i32.const 2
        i32.const 7
        local.get $l5
        f32.load offset=8
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        i32.const 3
        i32.const 7
        local.get $l5
        f32.load offset=12
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        i32.const 4
        i32.const 7
        local.get $l5
        f32.load offset=16
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        i32.const 5
        i32.const 7
        local.get $l5
        f32.load offset=20
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        i32.const 6
        i32.const 7
        local.get $l5
        f32.load offset=24
        local.get $l7
        f32.eq
        select
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        local.set $l8
        local.get $l8
        local.set $l11
        local.get $p1
        local.get $l4
        i32.const 3
        i32.shl
        i32.add
        local.set $l12
        local.get $l12
        local.get $l11
        i32.const 6
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l10
        local.get $l9
        i32.lt_s
        select
        i32.const 0
        local.set $l9
        local.set $l10
        local.get $l10
        local.get $l9
        local.get $l9
        local.get $l10
        i32.lt_s
        select
        i64.extend_i32_s
        i64.store
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
