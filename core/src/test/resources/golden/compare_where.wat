;; f32_where__2x6__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $p4 i32)
    (local $l5 i32) (local $l6 i32) (local $l7 i32) (local $l8 i32)
    i32.const 0
    local.set $l5
    loop $b0
      local.get $p0
      local.get $l5
      i32.const 2
      i32.shl
      i32.add
      local.set $l6
      local.get $p1
      local.get $l5
      i32.const 2
      i32.shl
      i32.add
      local.set $l7
      local.get $p2
      local.get $l5
      i32.const 2
      i32.shl
      i32.add
      local.set $l8
      local.get $l8
      local.get $l6
      f32.load
      local.get $l7
      f32.load
      f32.lt
      if $b1 (result f32)
        local.get $l6
        f32.load
      else
        local.get $l7
        f32.load
      end
      f32.store
      local.get $l5
      i32.const 1
      i32.add
      local.tee $l5
      i32.const 12
      i32.lt_s
      br_if $b0
    end
  )
)
