;; f32_gather__3x4__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32)
    (local $l5 i32) (local $l6 i32) (local $l7 i64) (local $l8 i32)
    (local $l9 i32) (local $l10 i32) (local $l11 i32) (local $l12 i32)
    (local $l13 i32) (local $l14 i32) (local $l15 i32) (local $l16 i32)
    (local $l17 i32) (local $l18 i32) (local $l19 v128) (local $l20 i32)
    local.get $p3
    local.set $l5
    local.get $l5
    local.get $p4
    i32.lt_s
    if $b0
      loop $b1
        local.get $p1
        local.get $l5
        i32.const 3
        i32.shl
        i32.add
        local.set $l6
        local.get $l6
        i64.load
        local.set $l7
        local.get $l7
        i32.wrap_i64
        local.set $l8
        local.get $l8
        i32.const 0
        i32.lt_s
        local.set $l9
        local.get $l9
        if $b2 (result i32)
          local.get $l6
          i64.load
          i32.wrap_i64
          i32.const 6
          i32.add
        else
          local.get $l6
          i64.load
          i32.wrap_i64
        end
        local.set $l10
        local.get $l10
        i32.const 5
        local.set $l11
        local.set $l12
        local.get $l12
        local.get $l11
        local.get $l12
        local.get $l11
        i32.lt_s
        select
        local.set $l13
        i32.const 0
        local.get $l13
        local.set $l11
        local.set $l12
        local.get $l12
        local.get $l11
        local.get $l11
        local.get $l12
        i32.lt_s
        select
        local.set $l14
        local.get $p0
        local.get $l14
        i32.const 16
        i32.mul
        i32.add
        local.set $l15
        local.get $p2
        local.get $l5
        i32.const 16
        i32.mul
        i32.add
        local.set $l16
        i32.const 0
        local.set $l17
        local.get $l15
        local.get $l17
        i32.const 2
        i32.shl
        i32.add
        local.set $l18
        local.get $l18
        v128.load align=4
        local.set $l19
        local.get $l16
        local.get $l17
        i32.const 2
        i32.shl
        i32.add
        local.set $l20
        local.get $l20
        local.get $l19
        v128.store align=4
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
)
;; i64_bounds__1_k3__v4: mapreduce lanes=4 tile=4
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i64) (local $l5 i64) (local $l6 i32) (local $l7 i32)
    (local $l8 i64) (local $l9 i64)
    i64.const -9223372036854775808
    local.set $l4
    i64.const 0
    i64.const 1152921504606846976
    i64.sub
    local.set $l5
    i32.const 0
    local.set $l6
    loop $b0
      local.get $p0
      local.get $l6
      i32.const 3
      i32.shl
      i32.add
      local.set $l7
      local.get $l4
      local.get $l7
      i64.load
      i64.const 1152921504606846976
      local.set $l8
      local.set $l9
      local.get $l9
      local.get $l8
      local.get $l9
      local.get $l8
      i64.lt_s
      select
      local.get $l5
      local.set $l8
      local.set $l9
      local.get $l9
      local.get $l8
      local.get $l8
      local.get $l9
      i64.lt_s
      select
      i64.const -6
      i64.lt_s
      if $b1 (result i64)
        i64.const 1
        i64.const 2
        local.get $l7
        i64.load
        i64.const 1152921504606846976
        local.set $l8
        local.set $l9
        local.get $l9
        local.get $l8
        local.get $l9
        local.get $l8
        i64.lt_s
        select
        i64.const 0
        i64.const 1152921504606846976
        i64.sub
        local.set $l8
        local.set $l9
        local.get $l9
        local.get $l8
        local.get $l8
        local.get $l9
        i64.lt_s
        select
        i64.mul
        i64.sub
      else
        local.get $l7
        i64.load
        i64.const 1152921504606846976
        local.set $l8
        local.set $l9
        local.get $l9
        local.get $l8
        local.get $l9
        local.get $l8
        i64.lt_s
        select
        i64.const 0
        i64.const 1152921504606846976
        i64.sub
        local.set $l8
        local.set $l9
        local.get $l9
        local.get $l8
        local.get $l8
        local.get $l9
        i64.lt_s
        select
        i64.const 6
        i64.lt_s
        if $b2 (result i64)
          i64.const 0
        else
          i64.const 2
          local.get $l7
          i64.load
          i64.const 1152921504606846976
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l9
          local.get $l8
          i64.lt_s
          select
          i64.const 0
          i64.const 1152921504606846976
          i64.sub
          local.set $l8
          local.set $l9
          local.get $l9
          local.get $l8
          local.get $l8
          local.get $l9
          i64.lt_s
          select
          i64.const 1
          i64.add
          i64.mul
        end
      end
      local.set $l8
      local.set $l9
      local.get $l9
      local.get $l8
      local.get $l8
      local.get $l9
      i64.lt_s
      select
      local.set $l4
      local.get $l6
      i32.const 1
      i32.add
      local.tee $l6
      i32.const 3
      i32.lt_s
      br_if $b0
    end
    local.get $p1
    local.get $l4
    i64.const 0
    local.set $l8
    local.set $l9
    local.get $l9
    local.get $l8
    local.get $l8
    local.get $l9
    i64.lt_s
    select
    i64.store
  )
)
