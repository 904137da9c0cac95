// Membership and reminders: small, read and written all the time, and nothing that bears trust. Azure Managed Redis; its predecessor, Azure Cache
// for Redis, takes no new caches.
param name string
param location string
param private bool

resource cache 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  sku: {
    // A gigabyte is plenty. With high availability the two nodes lie in different zones where the region has them.
    name: 'Balanced_B1'
  }
  properties: {
    highAvailability: 'Enabled'
    minimumTlsVersion: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
  }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-07-01' = {
  parent: cache
  name: 'default'
  properties: {
    clientProtocol: 'Encrypted'
    port: 10000
    // One address for the whole, as of a single server.
    clusteringPolicy: 'EnterpriseCluster'
    // A row that was evicted is a silo that was put out of its cluster.
    evictionPolicy: 'NoEviction'
    // Silos bring a user and a password; tokens of Microsoft Entra are not taken for Redis.
    accessKeysAuthentication: 'Enabled'
    // A second of membership may be lost with both nodes. Silos notice a table that went back, and start anew.
    persistence: {
      aofEnabled: true
      aofFrequency: '1s'
      rdbEnabled: false
    }
  }
}

output id string = cache.id
output address string = '${cache.properties.hostName}:${database.properties.port}'
