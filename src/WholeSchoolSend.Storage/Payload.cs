using Azure.Data.Tables;

namespace WholeSchoolSend.Storage;

/// <summary>A document in a row: its UTF-8 bytes cut over properties <c>Json0</c>, <c>Json1</c>… because one property holds 64 KiB.</summary>
internal static class Payload
{
    /// <summary>A row holds 1 MiB; this leaves room for its keys and its other properties.</summary>
    public const int MaxBytes = 900 * 1024;

    private const int Chunk = 64 * 1024;

    public static void Put(TableEntity row, byte[] bytes, string name = "Json")
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxBytes, name);
        if (bytes.Length <= Chunk)
        {
            row[name + "0"] = bytes;
            return;
        }
        var part = 0;
        foreach (var chunk in bytes.Chunk(Chunk)) row[name + part++] = chunk;
    }

    public static bool IsIn(TableEntity row, string name = "Json") => row.ContainsKey(name + "0");

    public static byte[] Get(TableEntity row, string name = "Json")
    {
        var first = row.GetBinary(name + "0") ?? throw new InvalidDataException($"A row of kind {row.RowKey[..1]} has no {name}.");
        if (!row.ContainsKey(name + "1")) return first;
        using var whole = new MemoryStream();
        for (var part = 0; row.TryGetValue(name + part, out var chunk) && chunk is byte[] bytes; part++) whole.Write(bytes);
        return whole.ToArray();
    }

    /// <summary>Puts what <paramref name="from"/> holds under this name, if anything, into <paramref name="to"/>.</summary>
    public static void Copy(TableEntity from, TableEntity to, string name = "Json")
    {
        if (IsIn(from, name)) Put(to, Get(from, name), name);
    }

    /// <summary>The row without what it holds under this name.</summary>
    public static TableEntity Without(TableEntity row, string name = "Json")
    {
        var without = new TableEntity(row);
        for (var part = 0; without.Remove(name + part); part++)
        {
        }
        return without;
    }
}
