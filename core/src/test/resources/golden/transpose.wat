;; f32_transpose__6x3__v4: transpose lanes=4 rows=16
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32) (local $l7 i32)
    (local $l8 i32) (local $l9 i32) (local $l10 i32) (local $l11 i32)
    (local $l12 i32) (local $l13 i32) (local $l14 v128) (local $l15 v128)
    (local $l16 v128) (local $l17 v128) (local $l18 v128) (local $l19 v128)
    (local $l20 v128) (local $l21 i32) (local $l22 v128)
    local.get $p2
    local.set $l4
    local.get $l4
    local.get $p3
    i32.lt_s
    if $b0
      loop $b1
        i32.const 0
        local.set $l5
        i32.const 0
        local.set $l6
        local.get $p0
        local.get $l6
        i32.const 24
        i32.mul
        i32.add
        local.set $l7
        local.get $p1
        local.get $l6
        i32.const 2
        i32.shl
        i32.add
        local.set $l8
        local.get $l5
        local.set $l9
        local.get $l9
        i32.const 6
        i32.lt_s
        if $b2
          loop $b3
            local.get $l9
            i32.const 2
            local.set $l10
            local.set $l11
            local.get $l11
            local.get $l10
            local.get $l11
            local.get $l10
            i32.lt_s
            select
            local.set $l12
            local.get $l7
            local.get $l12
            i32.const 2
            i32.shl
            i32.add
            local.set $l13
            local.get $l13
            v128.load align=4
            local.set $l14
            local.get $l13
            v128.load offset=24 align=4
            local.set $l15
            local.get $l13
            v128.load offset=48 align=4
            local.set $l16
            local.get $l14
            local.get $l15
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l17
            local.get $l14
            local.get $l15
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l18
            local.get $l16
            local.get $l14
            i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            local.set $l19
            local.get $l16
            local.get $l14
            i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            local.set $l20
            local.get $l8
            local.get $l12
            i32.const 12
            i32.mul
            i32.add
            local.set $l21
            local.get $l21
            local.set $l10
            local.get $l17
            local.get $l19
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            local.set $l22
            local.get $l10
            local.get $l22
            v128.store64_lane align=4 0
            local.get $l10
            local.get $l22
            v128.store32_lane offset=8 2
            local.get $l21
            local.set $l10
            local.get $l17
            local.get $l19
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            local.set $l22
            local.get $l10
            local.get $l22
            v128.store64_lane offset=12 align=4 0
            local.get $l10
            local.get $l22
            v128.store32_lane offset=20 2
            local.get $l21
            local.set $l10
            local.get $l18
            local.get $l20
            i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            local.set $l22
            local.get $l10
            local.get $l22
            v128.store64_lane offset=24 align=4 0
            local.get $l10
            local.get $l22
            v128.store32_lane offset=32 2
            local.get $l21
            local.set $l10
            local.get $l18
            local.get $l20
            i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            local.set $l22
            local.get $l10
            local.get $l22
            v128.store64_lane offset=36 align=4 0
            local.get $l10
            local.get $l22
            v128.store32_lane offset=44 2
            local.get $l9
            i32.const 4
            i32.add
            local.tee $l9
            i32.const 6
            i32.lt_s
            br_if $b3
          end
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
