;; f32_add__3x5__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32)
    (local $l5 i32) (local $l6 i32) (local $l7 i32) (local $l8 i32)
    (local $l9 i32) (local $l10 i32) (local $l11 i32) (local $l12 i32)
    (local $l13 v128) (local $l14 i32) (local $l15 v128) (local $l16 i32)
    local.get $p3
    local.set $l5
    local.get $l5
    local.get $p4
    i32.lt_s
    if $b0
      loop $b1
        local.get $p0
        local.get $l5
        i32.const 20
        i32.mul
        i32.add
        local.set $l6
        local.get $p2
        local.get $l5
        i32.const 20
        i32.mul
        i32.add
        local.set $l7
        i32.const 0
        local.set $l8
        loop $b2
          local.get $l8
          i32.const 1
          local.set $l9
          local.set $l10
          local.get $l10
          local.get $l9
          local.get $l10
          local.get $l9
          i32.lt_s
          select
          local.set $l11
          local.get $l6
          local.get $l11
          i32.const 2
          i32.shl
          i32.add
          local.set $l12
          local.get $l12
          v128.load align=4
          local.set $l13
          local.get $p1
          local.get $l11
          i32.const 2
          i32.shl
          i32.add
          local.set $l14
          local.get $l14
          v128.load align=4
          local.set $l15
          local.get $l7
          local.get $l11
          i32.const 2
          i32.shl
          i32.add
          local.set $l16
          local.get $l16
          local.get $l13
          local.get $l15
          f32x4.add
          v128.store align=4
          local.get $l8
          i32.const 4
          i32.add
          local.tee $l8
          i32.const 5
          i32.lt_s
          br_if $b2
        end
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
