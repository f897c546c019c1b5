;; f32_concat__2x3__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        local.get $l4
        i32.const 3
        i32.rem_u
        local.set $l5
        local.get $l4
        i32.const 3
        i32.div_u
        local.set $l6
        local.get $p0
        local.get $l6
        i32.const 3
        i32.mul
        local.get $l5
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l7
        local.get $p1
        local.get $l6
        i32.const 3
        i32.shl
        local.get $l5
        i32.add
        i32.const 2
        i32.shl
        i32.add
        local.set $l8
        local.get $l8
        local.get $l7
        f32.load
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
;; f32_concat__2x5__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 v128) (local $l13 i32)
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
          v128.store offset=12 align=4
          local.get $l7
          i32.const 4
          i32.add
          local.tee $l7
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
