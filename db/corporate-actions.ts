import type { TransactionSql } from 'postgres'
import { and, desc, eq, getTableColumns } from './drizzle.ts'
import type { CorporateActions, Dividends, Splits } from '../src/market/corporate-action.ts'
import type { Provenance } from '../src/market/provenance.ts'
import { inTransaction, type Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { corporateActionLists, dividends, splits } from './schema/market-data.ts'

/** A symbol's splits and its dividends: each a whole list from one provider, replaced by a list received later. */
export function createCorporateActionStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { symbol: _, ...splitColumns } = getTableColumns(splits)
  const { symbol: _symbol, ordinal, ...dividendColumns } = getTableColumns(dividends)

  async function listOf(symbol: string, kind: 'splits' | 'dividends') {
    const [list] = await db
      .select()
      .from(corporateActionLists)
      .where(and(eq(corporateActionLists.symbol, symbol), eq(corporateActionLists.kind, kind)))
    return list
  }

  /** Newest first; undefined where no provider was ever asked. */
  async function splitsOf(symbol: string): Promise<Splits | undefined> {
    const list = await listOf(symbol, 'splits')
    if (!list) return undefined
    const rows = await db
      .select(splitColumns)
      .from(splits)
      .where(eq(splits.symbol, symbol))
      .orderBy(desc(splits.exDate))
    return { symbol, splits: rows, provenance: list.provenance }
  }

  /** Newest first; undefined where no provider was ever asked. */
  async function dividendsOf(symbol: string): Promise<Dividends | undefined> {
    const list = await listOf(symbol, 'dividends')
    if (!list?.amountsAdjusted) return undefined
    const rows = await db
      .select(dividendColumns)
      .from(dividends)
      .where(eq(dividends.symbol, symbol))
      .orderBy(desc(dividends.exDate), ordinal)
    return {
      symbol,
      dividends: rows.map(present),
      amountsAdjusted: list.amountsAdjusted,
      provenance: list.provenance
    }
  }

  return {
    async replaceSplits({ symbol, splits: list, provenance }: Splits): Promise<void> {
      await inTransaction(sql, async (tx) => {
        if (!(await claimList(tx, { symbol, kind: 'splits', provenance }))) return
        await tx`delete from splits where symbol = ${symbol}`
        const rows = [...latestByKey(list, ({ exDate }) => exDate).values()].map((split) => ({ symbol, ...split }))
        await upsertRows(tx, splits, rows, { key: ['symbol', 'exDate'] })
      })
    },

    /** Which payouts are in doubt is stored as the notes of their list. */
    async replaceDividends({ symbol, dividends: list, amountsAdjusted, provenance }: Dividends): Promise<void> {
      await inTransaction(sql, async (tx) => {
        if (!(await claimList(tx, { symbol, kind: 'dividends', amountsAdjusted, provenance }))) return
        await tx`delete from dividends where symbol = ${symbol}`
        const rows = list.map((dividend, ordinal) => {
          const { suspect: _, ...columns } = dividend
          return { symbol, ordinal, ...columns }
        })
        await upsertRows(tx, dividends, rows, { key: ['symbol', 'exDate', 'ordinal'] })
      })
    },

    splits: splitsOf,
    dividends: dividendsOf,

    /** Both lists, as they were recorded; undefined where no provider was ever asked for either. */
    async find(symbol: string): Promise<CorporateActions | undefined> {
      const [splits, dividends] = await Promise.all([splitsOf(symbol), dividendsOf(symbol)])
      return splits || dividends ? { symbol, ...(splits && { splits }), ...(dividends && { dividends }) } : undefined
    }
  }
}

type ListHeader = {
  symbol: string
  kind: 'splits' | 'dividends'
  amountsAdjusted?: Dividends['amountsAdjusted']
  provenance: Provenance
}

/** Locks a list for this transaction. False where the one held was received later. */
async function claimList(tx: TransactionSql, header: ListHeader): Promise<boolean> {
  const claimed = await upsertRows(
    tx,
    corporateActionLists,
    [{ ...header, receivedAt: header.provenance.receivedAt }],
    {
      key: ['symbol', 'kind'],
      where: 'excluded.received_at >= corporate_action_lists.received_at'
    }
  )
  return claimed === 1
}
