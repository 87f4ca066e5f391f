// Entity references: integers that name a row of some table, branded so that one kind cannot pass for another.
// A reference is an index; NONE (-1) stands for "no entity" in packed arrays.

declare const brand: unique symbol
declare const rangeBrand: unique symbol

/** An integer that names an entity of kind `B`. Two kinds with different `B` are not assignable to each other. */
export type Entity<B extends string> = number & { readonly [brand]: B }

/** A branded integer that is not an index but a packed value (types, flags, operands). */
export type Packed<B extends string> = number & { readonly [rangeBrand]: B }

/** "No entity" in packed arrays. */
export const NONE = -1
