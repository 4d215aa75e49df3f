namespace WholeSchoolSend.Core.Snapshots;

/// <summary>Who may read a document.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(AudienceJson))]
public enum Audience
{
    /// <summary>The programme's own staff: full figures, private container.</summary>
    Internal,

    /// <summary>Everybody: disclosure-controlled.</summary>
    Public,
}

/// <summary>A published document as it was read; <paramref name="Revision"/> is handed back when it is replaced.</summary>
public sealed record StoredDocument(byte[] Bytes, string Revision);

/// <summary>Published JSON documents, by audience and path.</summary>
public interface IDocuments
{
    Task<StoredDocument?> ReadAsync(Audience audience, string path, CancellationToken cancellation);

    /// <summary>Writes an immutable document under a new path (cached for ever by browsers); does nothing where it exists.</summary>
    Task AddAsync(Audience audience, string path, byte[] bytes, CancellationToken cancellation);

    /// <summary>Replaces a rolling document (revalidated by browsers) unless it changed since <paramref name="before"/> was read; false then.</summary>
    Task<bool> ReplaceAsync(Audience audience, string path, byte[] bytes, StoredDocument? before, CancellationToken cancellation);

    /// <summary>Removes internal snapshots (<c>yyyy/MM/id.json</c>) that were written earlier and are not <paramref name="listed"/>; gives back how many.</summary>
    Task<int> ExpireInternalAsync(DateTimeOffset before, Func<string, bool> listed, CancellationToken cancellation);

    /// <summary>Makes a rolling document say this; writes nothing where it does. Of two who differ one may lose: it is said again at the next run.</summary>
    sealed async Task UpdateAsync(Audience audience, string path, byte[] bytes, CancellationToken cancellation)
    {
        var before = await ReadAsync(audience, path, cancellation);
        if (before is null || !before.Bytes.AsSpan().SequenceEqual(bytes)) await ReplaceAsync(audience, path, bytes, before, cancellation);
    }
}

/// <summary>Tells whether storage takes writes and gives them back.</summary>
public interface IStorageProbe
{
    Task TouchAsync(CancellationToken cancellation);
}
